"""A report as lines of plain text for a person, in the language asked for.

Chinese readers get Beijing time, others UTC; both are named at the time itself.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone

from karez_protocols import causes, grant

from .books import Irrigation
from .findings import Finding
from .log_check import Log
from .metering import METHODS
from .plurals import filled
from .report import Report
from .wording import CAUSES, FINDINGS, PAGE

SAME_FINDINGS_MAX = 5  # of one sort; a year of flags would bury the one that matters
TIME_MAX = 253_000_000_000  # the year 9987: a witness may stamp up to 2^63, a date ends with the year 9999
_BEIJING = timezone(timedelta(hours=8))


class Page:
    """Writes one report in one language."""

    def __init__(self, report: Report, language: str) -> None:
        """Take the report; `language` is one of wording.LANGUAGES."""
        self._report = report
        self._language = language
        self._text = PAGE[language]

    def lines(self) -> list[str]:
        """The whole report."""
        report = self._report
        out = [self.verdict(), *self._identity(), ""]
        out += self._section("where", self._findings(report.rejections))
        out += self._section("irrigations", self._irrigations(report.irrigations))
        out += self._section("metering", self._metering())
        out += self._section("segments", self._segments())
        out += self._section("meters", self._meters())
        out += self._section("grants", self._grants())
        out += self._section("orders", self._orders())
        out += self._section("boots", self._boots())
        out += self._section("gaps", self._gaps())
        out += self._section("losses", self._losses())
        if report.log:
            out += [*self._log(report.log), ""]
        out += self._section("uploads", self._uploads())
        out += self._section("flags", self._findings(report.flags))
        out += self._section("notes", self._findings(report.notes))
        return [self._safe(line) for line in out[:-1]]

    def verdict(self) -> str:
        """The first line: proved, consistent (no trust file), rejected."""
        return self._text[self._report.verdict]

    def irrigation(self, code: str) -> list[str]:
        """Verdict, identity and the one irrigation whose stop carries a code."""
        found = self._report.irrigation_of(code)
        if found is None:
            return [self.verdict(), self._text["no_code"].format(code=code)]
        head = [self.verdict(), *self._identity(), ""]
        body = self._section("irrigations", self._irrigations([found]))
        where = self._section("where", self._findings(self._report.rejections))
        return [self._safe(line) for line in (head + body + where)[:-1]]

    def _identity(self) -> Iterator[str]:
        report, text = self._report, self._text
        if report.site is not None:
            yield text["identity"].format(
                site=report.site, controller=report.controller, gateway=report.gateway, chain=report.chain
            )
        if report.records:
            yield filled(
                text["records"],
                {"records": report.records, "first": report.first_seq, "last": report.last_seq},
            )
            yield from self._reach()
            yield text["register"].format(
                first=self._m3(report.first_volume_l), last=self._m3(report.last_volume_l)
            )
            tier = text["tier_C"] if report.tier == "C" else report.tier or text["tier_unknown"]
            yield text["tier"].format(tier=tier)
        if not report.has_trust:
            if report.is_proved:
                yield text["consistent_why"]
            for name, fingerprint in report.fingerprints.items():
                yield f"  {text['fingerprint_' + name]}: {fingerprint}"

    def _reach(self) -> Iterator[str]:
        report, text = self._report, self._text
        if not report.proved:
            yield text["proved_none"]
        elif report.is_proved and len(report.proved) == 1:
            yield text["signed_to"].format(seq=report.proved[0][1])
        else:
            ranges = [f"{first}–{last}" for first, last in report.proved]
            yield text["proved_ranges"].format(ranges=text["comma"].join(ranges))
        if report.proved and report.unsigned:
            yield text["unsigned"].format(count=report.unsigned)

    def _section(self, title: str, lines: Iterable[str]) -> list[str]:
        body = list(lines)
        return [self._text[title], *(f"  {line}" for line in body), ""] if body else []

    @staticmethod
    def _safe(line: str) -> str:
        """The line without control characters: names in a hostile file must not steer a terminal."""
        return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in line)

    def _findings(self, findings: Iterable[Finding]) -> Iterator[str]:
        counts: Counter[str] = Counter()
        for one in findings:
            counts[one.code] += 1
            if counts[one.code] <= SAME_FINDINGS_MAX:
                yield self._finding(one)
        for code, count in counts.items():
            if count > SAME_FINDINGS_MAX:
                more = self._text["more"].format(count=count - SAME_FINDINGS_MAX)
                yield f"{more} [{code}]"

    def _finding(self, one: Finding) -> str:
        text = self._text
        where = []
        if one.seq is not None:
            where.append(text["where_seq"].format(seq=one.seq))
        if one.field is not None:
            where.append(text["where_field"].format(field=one.field))
        if one.span is not None:
            where.append(text["where_bytes"].format(first=one.span[0], last=one.span[1] - 1))
        sentence = FINDINGS[self._language][one.code].format(**one.facts)
        place = text["comma"].join(where)
        return f"{sentence} ({place}) [{one.code}]" if where else f"{sentence} [{one.code}]"

    def _irrigations(self, irrigations: Iterable[Irrigation]) -> Iterator[str]:
        text, unknown = self._text, self._text["unknown"]
        for one in irrigations:
            marks = [] if one.is_time_trusted else [text["time_untrusted"]]
            marks += [] if one.is_proved else [text["unproved"]]
            line = text["irrigation"].format(
                start=self._time(one.start_utc_s),
                stop=self._time(one.stop_utc_s),
                litres=self._m3(one.litres),
                before=self._m3(one.volume_before_l),
                after=self._m3(one.volume_after_l),
            )
            yield f"{line} [{text['comma'].join(marks)}]" if marks else line
            yield "  " + text["irrigation_cause"].format(
                start_cause=self._cause(one.start_cause),
                stop_cause=self._cause(one.stop_cause),
                code=one.code or unknown,
                seqs=f"{one.start_seq or unknown}–{one.stop_seq or unknown}",
            )
            if one.ceiling_l is not None:
                over = unknown if one.overshoot_l is None else one.overshoot_l
                yield "  " + text["ceiling"].format(
                    ceiling=self._m3(one.ceiling_l), grant=one.grant_seq, overshoot=over
                )

    def _grants(self) -> Iterator[str]:
        for one in self._report.grants:
            yield self._text["grant"].format(
                seq=one.seq,
                document=one.document or self._text["unknown"],
                time=self._time(one.issued_utc_s),
                sha256=one.sha256,
            )

    def _log(self, log: Log) -> Iterator[str]:
        text = self._text
        line = filled(
            text["log"],
            {
                "origin": log.origin,
                "size": log.size,
                "entries": log.entries,
                "signature": text["log_checked" if log.is_verified else "log_unchecked"],
                "witnesses": log.witnesses,
            },
        )
        quorum = text["log_quorum"].format(quorum=log.quorum)
        yield f"{line}{text['comma']}{quorum}" if log.quorum else line
        if log.follows:
            yield "  " + filled(
                text["log_follows"],
                {
                    "origin": log.follows.origin or text["unknown"],
                    "size": log.follows.size,
                    "time": self._time(log.follows.opened_utc_s),
                    "reason": log.follows.reason,
                },
            )
        for one in log.cosigned:
            yield "  " + text["log_cosigned"].format(name=one.name, time=self._time(one.time_s))
        if log.is_verified and log.unknown_signatures:
            yield "  " + text["log_unknown"].format(count=log.unknown_signatures)

    def _metering(self) -> Iterator[str]:
        for method, litres in self._report.litres.items():
            yield self._text[f"method_{method}"].format(litres=self._m3(litres))

    def _segments(self) -> Iterator[str]:
        text, unknown = self._text, self._text["unknown"]
        for one in self._report.segments:
            since = text["segment_of_binding"]
            if one.opened_seq is not None:
                reason = text.get(f"reason_{one.reason}", unknown)
                since = text["segment_opened"].format(seq=one.opened_seq, reason=reason)
            method = METHODS.get(one.method or 0, "unknown")
            line = text["segment"].format(
                quantity=self._quantity(one.quantity),
                number=one.number,
                serial=one.serial or unknown,
                method=text[method],
                since=since,
                register=self._amount(one.quantity, one.register_base),
                base=self._amount(one.quantity, one.base),
                closing=text["not_closed"]
                if one.closing is None
                else self._amount(one.quantity, one.closing),
            )
            yield line if one.is_confirmed else f"{line} [{text['provisional']}]"
            if one.booked_l:
                yield "  " + text["segment_booked"].format(litres=self._m3(one.booked_l))

    def _meters(self) -> Iterator[str]:
        for one in self._report.meters:
            yield self._text["meter_opened" if one.is_opening else "meter_closed"].format(
                seq=one.seq,
                time=self._time(one.utc_s),
                quantity=self._quantity(one.quantity),
                serial=one.serial,
                register=self._amount(one.quantity, one.register),
            )

    def _orders(self) -> Iterator[str]:
        unknown = self._text["unknown"]
        for one in self._report.orders:
            yield self._text["order"].format(
                seq=one.seq,
                order=unknown if one.order is None else one.order,
                kind=self._text.get(f"order_{one.kind}", unknown),
                office=unknown if one.office is None else one.office,
                document=one.document or unknown,
                sha256=one.sha256,
            )

    def _quantity(self, quantity: int) -> str:
        return self._text["energy" if quantity == grant.ENERGY else "water"]

    def _amount(self, quantity: int, value: int | None) -> str:
        if value is None:
            return self._text["unknown"]
        return self._text["watt_hours" if quantity == grant.ENERGY else "litres"].format(value=value)

    def _boots(self) -> Iterator[str]:
        for one in self._report.boots:
            yield self._text["boot"].format(
                seq=one.seq,
                boot=one.boot,
                time=self._time(one.utc_s),
                outage=self._seconds(one.outage_s),
                tier={1: "A", 2: "B", 3: "C"}.get(one.tier or 0, self._text["unknown"]),
            )

    def _gaps(self) -> Iterator[str]:
        for one in self._report.gaps:
            yield self._text["gap"].format(
                seq=one.seq,
                outage=self._seconds(one.outage_s),
                time=self._time(one.from_utc_s),
                litres=self._m3(one.litres),
            )

    def _losses(self) -> Iterator[str]:
        for one in self._report.losses:
            yield self._text["loss"].format(
                first=one.first_seq, last=one.last_seq, litres=self._m3(one.litres)
            )

    def _uploads(self) -> Iterator[str]:
        for one in self._report.uploads:
            yield self._text["upload"].format(
                destination=one.destination,
                seq=one.seq,
                volume=self._text["unknown"] if one.volume_m3 is None else one.volume_m3,
                time=self._time(one.confirmed_utc_s),
                remainder=self._text["unknown"] if one.remainder_l is None else one.remainder_l,
            )

    def _cause(self, number: int | None) -> str:
        if number is None:
            return self._text["unknown"]
        return CAUSES[self._language].get(number) or str(causes.name(number))

    def _m3(self, litres: int | None) -> str:
        return self._text["unknown"] if litres is None else f"{litres // 1000}.{litres % 1000:03d}"

    def _seconds(self, value: int | None) -> str:
        return self._text["unknown"] if value is None else self._text["seconds"].format(value=value)

    def _time(self, utc_s: int | None) -> str:
        if utc_s is None or utc_s > TIME_MAX:
            return self._text["unknown"]
        if self._language == "zh":
            return f"{datetime.fromtimestamp(utc_s, _BEIJING):%Y-%m-%d %H:%M:%S} 北京时间"
        return f"{datetime.fromtimestamp(utc_s, UTC):%Y-%m-%d %H:%M:%S} UTC"
