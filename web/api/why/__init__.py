"""Why a decision was made, and the same decision made again."""
