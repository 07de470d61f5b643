"""Is this the text format of Prometheus, version 0.0.4, and does it say so?

    prometheus_check.py [NAME{LABEL="VALUE",...}=NUMBER...] [--names FILE...] <TEXT

Reads by the description of the format (prometheus.io, "Exposition formats") and its conventions for names.
Each argument is a sample that has to be there with that value; "=*": with any.  --names: files (alerts,
a dashboard) in which each word that begins with "trustlist_" has to be a metric of the text.

Prints what is wrong, and ends with 1 then.
"""

import math
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(,|$)')
SAMPLE = re.compile(r"(%s)(?:\{(.*)\})? (\S+)$" % NAME)
TYPES = {"counter", "gauge", "histogram", "summary", "untyped"}
SUFFIXES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("", "_sum", "_count")}


class Wrong(Exception):
    pass


def labels_of(text):
    found = {}
    while text:
        match = LABEL.match(text)
        if not match:
            raise Wrong("labels: %s" % text)
        if match.group(1) in found:
            raise Wrong("label %s twice" % match.group(1))
        found[match.group(1)] = re.sub(
            r"\\(.)", lambda m: "\n" if m.group(1) == "n" else m.group(1), match.group(2)
        )
        text = text[match.end() :]
        if match.group(3) and not text:
            raise Wrong("a comma and nothing after it")
    return tuple(sorted(found.items()))


def number_of(text):
    if text in ("+Inf", "-Inf", "NaN"):
        return float(text.replace("Inf", "inf"))
    if not re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text):
        raise Wrong("no number: %s" % text)
    return float(text)


class Family:
    def __init__(self, name):
        self.name, self.help, self.type, self.samples = name, None, None, {}

    def owns(self, name):
        return name in [self.name + end for end in SUFFIXES.get(self.type, ("",))]

    def check_name(self):
        if self.type is None or self.help is None:
            raise Wrong("%s: no HELP or no TYPE" % self.name)
        if (self.type == "counter") != self.name.endswith("_total"):
            raise Wrong("%s is a %s" % (self.name, self.type))
        for unit in ("_ms", "_milliseconds", "_kb", "_minutes", "_days"):
            if unit + "_" in self.name + "_":
                raise Wrong("%s: not a base unit" % self.name)
        if self.type == "histogram":
            self.check_histograms()

    def check_histograms(self):
        groups = {}
        for (name, labels), value in self.samples.items():
            le = dict(labels).get("le")
            rest = tuple(pair for pair in labels if pair[0] != "le")
            group = groups.setdefault(rest, {"buckets": []})
            if name.endswith("_bucket"):
                group["buckets"].append((number_of(le), value))
            else:
                group[name[len(self.name) :]] = value
        for rest, group in groups.items():
            buckets = group["buckets"]
            if buckets != sorted(buckets) or [b[1] for b in buckets] != sorted(
                b[1] for b in buckets
            ):
                raise Wrong("%s %s: buckets do not rise" % (self.name, rest))
            if not buckets or not math.isinf(buckets[-1][0]):
                raise Wrong("%s %s: no bucket +Inf" % (self.name, rest))
            if buckets[-1][1] != group.get("_count") or "_sum" not in group:
                raise Wrong("%s %s: _count or _sum" % (self.name, rest))


def take_comment(line, families, now):
    match = re.match(r"# (HELP|TYPE) (%s) (.*)$" % NAME, line)
    if not match:
        raise Wrong("neither HELP nor TYPE")
    what, name, text = match.groups()
    if now is None or now.name != name:
        if name in families:
            raise Wrong("%s in two places" % name)
        now = families[name] = Family(name)
    if getattr(now, what.lower()) is not None or now.samples:
        raise Wrong("%s again, or after samples" % what)
    if what == "TYPE" and text not in TYPES:
        raise Wrong("type %s" % text)
    setattr(now, what.lower(), text)
    return now


def take_sample(line, now):
    match = SAMPLE.match(line)
    if not match:
        raise Wrong("no sample")
    name, labels, value = match.groups()
    if now is None or not now.owns(name):
        raise Wrong("not of the family before it")
    key = (name, labels_of(labels or ""))
    if key in now.samples:
        raise Wrong("twice")
    now.samples[key] = number_of(value)
    if now.type == "counter" and now.samples[key] < 0:
        raise Wrong("a counter below 0")


def parse(text):
    families, now = {}, None
    if not text.endswith("\n"):
        raise Wrong("the last line has no end")
    for number, line in enumerate(text[:-1].split("\n"), 1):
        try:
            if line.startswith("#"):
                now = take_comment(line, families, now)
            else:
                take_sample(line, now)
        except Wrong as wrong:
            raise Wrong("line %d: %s: %s" % (number, wrong, line))
    for family in families.values():
        family.check_name()
    return families


def check_said(wanted, samples):
    text, _, value = wanted.rpartition("=")
    match = re.match(r"(%s)(?:\{(.*)\})?$" % NAME, text)
    key = (match.group(1), labels_of(match.group(2) or ""))
    if key not in samples:
        raise Wrong("missing: %s" % text)
    if value != "*" and samples[key] != number_of(value):
        raise Wrong("%s is %g, not %s" % (text, samples[key], value))


def check_names(path, samples):
    names = {name for name, _ in samples}
    with open(path, encoding="utf-8") as source:
        used = set(re.findall(r"\btrustlist_[a-z0-9_]+\b", source.read()))
    if not used:
        raise Wrong("%s: no metric at all" % path)
    if used - names:
        raise Wrong("%s: no such metric: %s" % (path, ", ".join(sorted(used - names))))


def main(arguments):
    at = arguments.index("--names") if "--names" in arguments else len(arguments)
    families = parse(sys.stdin.buffer.read().decode("utf-8"))
    samples = {}
    for family in families.values():
        samples.update(family.samples)
    for wanted in arguments[:at]:
        check_said(wanted, samples)
    for path in arguments[at + 1 :]:
        check_names(path, samples)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (Wrong, UnicodeDecodeError) as error:
        sys.exit(str(error))
