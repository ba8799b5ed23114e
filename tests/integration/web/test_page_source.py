"""The source of the page, read and not run: what must never stand in it.

The page shows what strangers wrote. It makes elements and text nodes and nothing
else, so that no text can become markup; and its policy (server/web/web_page.c) forbids
the rest, so that a slip would be seen as a broken page.
"""
import json
import re

import pytest

from kithtest import build

WEB = build.TOP / "client-web"
BYTES_MAX = 180 * 1024          # that one browser gets
LINES_MAX = 600
LISTED = re.search(r"^web_files = ((?:.*\\\n)*.*)$", (WEB / "local.mk").read_text(), re.M) \
    .group(1).replace("\\", " ").split()
FILES = [build.TOP / name for name in LISTED]
CODE = [f for f in FILES if f.suffix == ".js"]
PAGES = [f for f in FILES if f.suffix == ".html"]
STYLES = [f for f in FILES if f.suffix == ".css"]
CATALOGUES = [f for f in FILES if re.fullmatch(r"[a-z]{2}\.json", f.name)]
LANGUAGES = {"en", "zh", "ko", "de"}
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"}

# Ways from a text to markup, code or another address; by what they are, a pattern.
SINKS = {
    "markup": r"\b(inner|outer)HTML\b|\binsertAdjacentHTML\b|\bsetHTML(Unsafe)?\b|\bsrcdoc\b",
    "parser": r"\bDOMParser\b|\bcreateContextualFragment\b|\bparseHTML(Unsafe)?\b|\bXSLTProcessor\b",
    "document.write": r"\bdocument\s*\.\s*write(ln)?\b",
    "eval": r"\beval\b|\bexecScript\b",
    "code of a string": r"\bFunction\s*\(|\bGeneratorFunction\b|\.\s*constructor\s*\(",
    "timer with a string": r"\bset(Timeout|Interval|Immediate)\s*\(\s*[\"'`]",
    "import of what is computed": r"\bimport\s*\(\s*[^\"'\s]",
    "script made by hand": r"createElement(NS)?\s*\([^)]*[\"'`](script|iframe|object|embed|base|link|"
                           r"meta|style)[\"'`]",
    "handler as attribute": r"setAttribute(NS)?\s*\([^)]*[\"'`]on|\[\s*[\"'`]on\w+[\"'`]\s*\]",
    "style as attribute": r"setAttribute(NS)?\s*\([^)]*[\"'`]style[\"'`]|\bcssText\b",
    "javascript:": r"javascript\s*:",
    "a trusted type": r"\btrustedTypes\b|\bcreatePolicy\b",
    "cookie": r"\bdocument\s*\.\s*cookie\b",
    "message to another page": r"\b(window|self|parent|opener|top|frames?|contentWindow)"
                               r"(\[\w+\])?\s*\.\s*postMessage\b",
    "code beside the page": r"\bimportScripts\b|\bnew\s+(Shared)?Worker\b|\bserviceWorker\b",
}

MARKUP = {
    "handler": r"<[^>]*\son\w+\s*=",
    "style attribute": r"<[^>]*\sstyle\s*=",
    "inline style": r"<style\b",
    "inline script": r"<script\b(?![^>]*\ssrc=)|<script\b[^>]*>\s*[^<\s]",
    "javascript:": r"javascript\s*:",
    "frame": r"<(iframe|frame|object|embed|base)\b",
    "srcdoc": r"\ssrcdoc\b",
}

CSS = {"import": r"@import\b", "script": r"expression\s*\(|javascript\s*:|-moz-binding|behavior\s*:",
       "foreign or embedded file": r"url\s*\(\s*[\"']?\s*(?!data:image/svg\+xml|#)"}


def without_comments(text):
    """Code without its comments; strings stay, and lines keep their numbers."""
    keep = r"\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`"
    return re.sub(rf"({keep})|/\*.*?\*/|(?<![:\\/])//[^\n]*",
                  lambda m: m.group(1) or "\n" * m.group().count("\n"), text, flags=re.S)


def found(patterns, files, read=lambda f: f.read_text(encoding="utf-8")):
    """'file:line: what' for each place that a pattern matches."""
    hits = []
    for file in files:
        text = read(file)
        for what, pattern in patterns.items():
            for match in re.finditer(pattern, text, re.I if file.suffix != ".js" else 0):
                line = text.count("\n", 0, match.start()) + 1
                hits.append(f"{file.name}:{line}: {what}: {match.group()[:60]}")
    return hits


# What the patterns are for: each line is caught by the pattern of that name.
BAD_CODE = {
    "markup": ["a.innerHTML = b", "a['outerHTML'] = b", "a.insertAdjacentHTML('x', b)",
               "frame.srcdoc = b", "a.setHTMLUnsafe(b)"],
    "parser": ["new DOMParser()", "range.createContextualFragment(b)"],
    "document.write": ["document.write(b)", "document . writeln(b)"],
    "eval": ["eval(b)", "window['eval'](b)"],
    "code of a string": ["new Function(b)", "Function ('a')()", "f.constructor('alert(1)')()"],
    "timer with a string": ["setTimeout('b()', 1)", "setInterval( `b()`)"],
    "import of what is computed": ["import(b)", "import(`./${b}`)"],
    "script made by hand": ["document.createElement('script')", "createElementNS(ns, \"iframe\")"],
    "handler as attribute": ["a.setAttribute('onclick', b)", "a['onclick'] = b"],
    "style as attribute": ["a.setAttribute(\"style\", b)", "a.style.cssText = b"],
    "javascript:": ["a.href = 'javascript:b()'"],
    "a trusted type": ["trustedTypes.createPolicy('a', b)"],
    "cookie": ["document.cookie = b"],
    "message to another page": ["parent.postMessage(b, '*')"],
    "code beside the page": ["new Worker(b)", "navigator.serviceWorker.register(b)"],
}
BAD_MARKUP = {
    "handler": ["<p id=a onclick=b()>", "<img src=x\nonerror='b'>"],
    "style attribute": ["<p style='color: red'>"],
    "inline style": ["<style>p {}</style>"],
    "inline script": ["<script>b()</script>", "<script src=a.js>b()</script>"],
    "javascript:": ["<a href='javascript:b()'>"],
    "frame": ["<iframe src=a>", "<base href=b>"],
    "srcdoc": ["<i srcdoc='<b>'>"],
}


@pytest.mark.parametrize("patterns, samples", [(SINKS, BAD_CODE), (MARKUP, BAD_MARKUP)],
                         ids=["code", "markup"])
def test_each_sink_would_be_found(patterns, samples):
    assert set(patterns) == set(samples)
    missed = [line for what, lines in samples.items() for line in lines
              if not re.search(patterns[what], without_comments(line))]
    assert not missed


def test_no_way_from_text_to_markup_in_the_code():
    assert not found(SINKS, CODE, lambda f: without_comments(f.read_text(encoding="utf-8")))


def test_no_inline_code_or_style_in_the_markup():
    assert not found(MARKUP, PAGES)


def test_styles_load_nothing():
    assert not found(CSS, STYLES)


def test_no_foreign_address():
    """Addresses are XML's namespaces, or a scheme alone, as in a comparison."""
    hits = []
    for file in FILES:
        for address in re.findall(r"(?:https?|wss?|ftp):\\?/\\?/[^\s\"'`<>)\\]+",
                                  file.read_text(encoding="utf-8")):
            if address not in NAMESPACES and not re.match(r"\w+://(\$\{|HOST\b)", address):
                hits.append(f"{file.name}: {address}")
        if file.suffix in (".html", ".css"):
            hits += [f"{file.name}: {a}" for a in re.findall(
                r"(?:src|href|action|url\()\s*=?\s*[\"']?//[^\s\"'>]+", file.read_text())]
    assert not hits


def test_the_page_is_light():
    sizes = {f.name: f.stat().st_size for f in FILES}
    catalogues = [sizes[f.name] for f in CATALOGUES]
    assert sum(sizes.values()) - sum(catalogues) + max(catalogues) <= BYTES_MAX, sizes


def test_modules_are_short():
    long = {f.name: lines for f in CODE
            if (lines := f.read_text(encoding="utf-8").count("\n")) >= LINES_MAX}
    assert not long


def test_every_file_is_listed_and_there():
    there = {f for f in WEB.rglob("*") if f.is_file() and f.name not in ("local.mk", "README.md")}
    assert {str(f.relative_to(build.TOP)) for f in there} == set(LISTED)
    assert len(set(LISTED)) == len(LISTED)


def test_every_listed_file_is_used():
    """The page's files name each other; index.html is the root."""
    texts = {f: f.read_text(encoding="utf-8") for f in FILES}
    unused = [f.name for f in FILES if f.name != "index.html" and f not in CATALOGUES and
              not any(f.name in text for other, text in texts.items() if other != f)]
    assert not unused


def test_every_module_is_fetched_at_once():
    """Else the browser finds them one after the other, a round trip each."""
    index = (WEB / "index.html").read_text()
    named = re.findall(r'<(?:link rel="modulepreload" href|script(?: type="module")? src)="([^"]+)">', index)
    assert sorted(named) == sorted(str(f.relative_to(WEB)) for f in CODE)


def test_what_is_said_before_the_catalogues_is_said_in_each_language():
    texts = re.search(r"const TEXTS = \{\n(.*?)\n\t\};", (WEB / "boot.js").read_text(), re.S).group(1)
    rows = re.findall(r'(\w+): \[(".*")\],', texts)
    assert {language for language, _ in rows} == LANGUAGES
    assert {len(re.findall(r'"[^"]+"', row)) for _, row in rows} == {3}


# -- catalogues ---------------------------------------------------------------------

def catalogue(file):
    def once(pairs):
        keys = [key for key, _ in pairs]
        double = {key for key in keys if keys.count(key) > 1}
        assert not double, f"{file.name} has twice: {double}"
        return dict(pairs)
    return json.loads(file.read_text(encoding="utf-8"), object_pairs_hook=once)


def places(text):
    """The names of the placeholders, each as often as it stands there."""
    return sorted(re.findall(r"\{(\w+)\}", text))


def test_every_language_has_a_catalogue():
    assert {f.stem for f in CATALOGUES} == LANGUAGES


def test_catalogues_have_the_same_keys_and_placeholders():
    base = catalogue(next(f for f in CATALOGUES if f.stem == "en"))
    problems = []
    for file in CATALOGUES:
        own = catalogue(file)
        problems += [f"{file.name}: {key}" for key in own.keys() ^ base.keys()]
        problems += [f"{file.name}: {key}: {places(own[key])}, not {places(base[key])}"
                     for key in own.keys() & base.keys()
                     if set(places(own[key])) != set(places(base[key]))]
        problems += [f"{file.name}: {key} is empty" for key, text in own.items() if not text.strip()]
        problems += [f"{file.name}: {key} has markup" for key, text in own.items()
                     if re.search(r"[<>]|&\w+;", text)]
    assert not problems


def used_keys():
    """Of the code's t(...): whole keys, and the beginnings of those that are put together."""
    code = "\n".join(without_comments(f.read_text(encoding="utf-8")) for f in CODE)
    whole = set(re.findall(r"\bt\(\s*\"([^\"]+)\"", code))
    # t(a ? "x" : "y"), and a key in a variable.
    literals = set(re.findall(r"\"([\w.]+)\"", code))
    begun = set(re.findall(r"`([a-z]+\.)\$\{", code)) - {"kith."}     # of the browser's storage
    return code, whole, literals, begun


def test_every_key_of_the_code_is_in_the_catalogue():
    keys = catalogue(next(f for f in CATALOGUES if f.stem == "en")).keys()
    _, whole, _, begun = used_keys()
    missing = whole - keys
    missing |= {f"{start}..." for start in begun if not any(key.startswith(start) for key in keys)}
    assert whole and not missing


def error_names():
    return set(re.findall(r"^\s+([A-Z_]+) = \d+;",
                          (build.TOP / "protocol" / "error.proto").read_text(), re.M))


def test_every_error_has_its_text():
    """Also those that the page itself makes; a code of a newer server has a general text."""
    wanted = error_names() - {"OK"} | {"LOST", "TIMEOUT", "oldPassword", "other"}
    for file in CATALOGUES:
        assert wanted == {key.partition(".")[2] for key in catalogue(file)
                          if key.startswith("error.")}, file.name


def test_errors_are_whole_sentences():
    """They follow others, and are followed by others."""
    for file in CATALOGUES:
        fragments = [key for key, text in catalogue(file).items() if key.startswith("error.") and (
            text[0].islower() or text[-1] != ("。" if file.stem == "zh" else "."))]
        assert not fragments, file.name


def test_storage_is_used_in_one_place():
    """It may be full or forbidden, which storage.js handles."""
    assert not [f.name for f in CODE if f.name != "storage.js" and
                re.search(r"\b(local|session)Storage\b", without_comments(f.read_text()))]


def test_every_key_of_the_catalogue_is_used():
    """What is put together ends in a word of the code, or in the name of an error."""
    keys = catalogue(next(f for f in CATALOGUES if f.stem == "en")).keys()
    code, _, literals, begun = used_keys()
    words = set(re.findall(r"\w+", code)) | error_names()
    unused = [key for key in keys if key not in literals and not (
        any(key.startswith(start) for start in begun) and key.partition(".")[2] in words)]
    assert not unused
