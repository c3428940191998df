"""A strict reader of Prometheus' text format."""
import re

SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\n]|\\[\\\"n])*\",?)*)\})? (\S+)")


def parse_metrics(text):
    """Prometheus' text format 0.0.4, strictly: {family: (type, {(name, labels): value})}. Raises ValueError for anything else."""
    families, current = {}, None
    if not text.endswith("\n"):
        raise ValueError("the last line does not end")
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, _, help_text = line[7:].partition(" ")
            if name in families or not help_text:
                raise ValueError(f"HELP of {name} twice, or without a text")
            current, families[name] = name, [None, {}]
        elif line.startswith("# TYPE "):
            name, kind = line[7:].split(" ")
            if name != current or families[name][0] or families[name][1] or kind not in ("counter", "gauge", "histogram"):
                raise ValueError(f"TYPE out of place: {line}")
            families[name][0] = kind
        else:
            found = SAMPLE.fullmatch(line)
            if not found:
                raise ValueError(f"no sample: {line}")
            name, labels, value = found[1], found[2] or "", float(found[3])
            kind = families[current][0]
            allowed = {current + s for s in ("_bucket", "_sum", "_count")} if kind == "histogram" else {current}
            if name not in allowed or (name, labels) in families[current][1]:
                raise ValueError(f"sample out of place or twice: {line}")
            if kind == "counter" and (not name.endswith("_total") or value < 0):
                raise ValueError(f"no counter: {line}")
            families[current][1][name, labels] = value
    for name, (kind, samples) in families.items():
        if not kind or not samples:
            raise ValueError(f"{name} has no type or no sample")
        if kind == "histogram":
            buckets = [(float(re.search(r'le="([^"]+)"', labels)[1]), value) for (each, labels), value in samples.items() if each.endswith("_bucket")]
            if buckets != sorted(buckets) or [v for _, v in buckets] != sorted(v for _, v in buckets):
                raise ValueError(f"the buckets of {name} are not cumulative")
            if buckets[-1] != (float("inf"), samples[name + "_count", ""]):
                raise ValueError(f"+Inf of {name} is not its count")
    return families
