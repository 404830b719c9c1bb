"""What routing goes by: labels, departments and rulesets, as people change them."""
