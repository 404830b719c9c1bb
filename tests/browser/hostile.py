"""Texts that would run as a script, or break a page, wherever they are not escaped."""

PAYLOADS = (
    "<script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=2>",
    "<svg/onload=window.hacked=3>",
    '"><script>window.hacked=4</script>',
    "' autofocus onfocus=window.hacked=5 x='",
    '" onmouseover="window.hacked=6" style="position:fixed;inset:0',
    "</title><script>window.hacked=7</script>",
    "</textarea></select></option><script>window.hacked=8</script>",
    "<iframe srcdoc='<script>parent.hacked=9</script>'></iframe>",
    "<a href=javascript:window.hacked=10>read this</a>",
    "<math><mtext></p><style><!--</style><img title='--><img src=x onerror=window.hacked=11>'>",
    "<form hx-get=/v1/me hx-trigger=load hx-on::load=window.hacked=12><input name=labels>",
    "{{7*7}}${7*7}<%=7*7%>#{7*7}",
    "<!--#exec cmd=id--><![CDATA[<script>window.hacked=13</script>]]>",
    "<base href=//example.org/><meta http-equiv=refresh content=0;url=//example.org>",
    "\u202edrow neddih\u202c \u05e9\u05dc\u05d5\u05dd " + "W" * 300,
)
NAME = "\"><img src=x onerror=window.hacked=20>'{{7*7}}"
"""One that is short enough for a name."""
