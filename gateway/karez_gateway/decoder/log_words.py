"""What of a log line is not bytes: stamps, directions, sums, units. Words only, no rule (log_lines.py).

The shapes are those of terminal programs, PLC logs, libmodbus, pymodbus, minimalmodbus, umodbus,
NModbus, ESPHome, eModbus and EPICS asyn as people paste them into questions.
"""

import re

_DATE = (
    r"(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])(?![-/.\w]*[-/.]\w)(?=[T\s,;:\])]|$)"
)
_SHORT_DATE = r"\d{1,2}[-/.]\d{1,2}[-/.](?:\d\d){1,2}"  # only with a time: 24-05-01 may be bytes
_TIME = r"\d{1,2}:\d{2}:\d{2}(?:[.,:]\d{1,6})?(?:Z|[+-]\d{2}:?\d{2})?(?:\s*[AaPp][Mm]\b)?(?!:?\w)"
# 01:03:00 may be three bytes; behind a time stands no further colon, nor does the next word hold one.
_FIRST_TIME = _TIME + r"(?!:?\s+[0-9A-Fa-f]{2}:)"
_MOMENT = rf"(?:{_DATE}|{_SHORT_DATE})[T\s,]\s*{_TIME}"
_DECIMAL = r"\d+\.\d+(?=[\s,;:\])])"
_BYTE = r"(?:0[xX])?[0-9A-Fa-f]{2}"
# Brackets hold words or a time; four bytes and more in them are data.
_BRACKET = (
    rf"\[(?!\s*{_BYTE}(?:[:.\-]{_BYTE}){{3,}}\s*\])[^\]\n]{{0,80}}[^\]\n0-9A-Fa-fxX,\s][^\]\n]{{0,80}}\]"
)
_OFFSET = r"[0-9A-Fa-f]{4,8}:(?=\s)"  # eModbus: "| 0000: 01 03"
_NUMBERED = rf"\d{{1,8}}[.:]?\s+(?={_MOMENT}|{_FIRST_TIME})"
_HEAD = rf"(?:{_NUMBERED}|{_BRACKET}(?:\s*\d+\|)?|{_MOMENT}|{_DATE}T?|{_FIRST_TIME}|{_DECIMAL}|{_OFFSET})"

FRONT = re.compile(rf"[\s,;#|(]*{_HEAD}\)?")
# Wherever they stand: a date with four digits of a year, a date and a time, a time with a fraction.
_SURE = re.compile(rf"(?<![\w:./-])(?:{_MOMENT}|{_DATE}|\d{{1,2}}:\d\d:\d\d[.,]\d{{1,6}})(?!:?\w)")
# Behind the bytes: a date, a time or both, but no time behind three bytes written like one.
BACK = re.compile(
    rf"(?:^|(?<=[\s,;|\[(]))(?:{_MOMENT}|{_DATE}|(?<!\s\w\w:\w\w:\w\w\s)(?<!^\w\w:\w\w:\w\w\s){_TIME})[\s\])|]*$"
)

_DIRECTIONS = (
    "tx|rx|sent|send|sending|recv|received|receive|receiving|read|reading|write|writing|written|wrote|out|in|request"
    "|response|reply|query|answer|hex|data|raw|frame|packet|message|msg|telegram|byte|buffer|adu|pdu"
)
_ARROWS = r"(?<![=-])[=-]+>|<[=-]+|[<>]{2,}|[→←⇒⇐◇◆]|发送?|收|接收|请求|应答|响应|报文|数据"
_COUNT = r"(?:[(\[]?\s*\d{1,5}\s*(?:bytes?|chars?|字节|B)?\s*[)\]]?\s*[:,]?\s*)?"
# What stands before bytes that somebody says are bytes.
SAID = re.compile(
    rf"(?i)(?:(?<![A-Za-z])(?:{_DIRECTIONS}|(?:master|slave)(?=\s*[:>-]))|{_ARROWS})[\s:=\-#>◇◆]*{_COUNT}[\s:=\-#>◇◆|({{\[<'\"]*$"
)
BEGINS = re.compile(
    rf"(?i)\s*(?:com\d+|tty\w+|/dev/\S+)?[\s:]*(?:(?:{_DIRECTIONS}|master|slave)(?![a-z])|{_ARROWS})"
)
ANYWHERE = re.compile(
    rf"(?i)(?<![A-Za-z])(?:{_DIRECTIONS})[:\s]|{_ARROWS}|[\[<][0-9a-f]{{2}}[\]>](?:[\[<]|\s*$)"
)
# Modbus Poll numbers its lines: Tx:000001-01 03, 000001-Tx:01 03
LABEL = re.compile(rf"(?i)(?:[\w.:]*[:.\-])?(?:{_DIRECTIONS})[:\-]+(?:\d{{6}}-)?")
# Before a number that counts bytes.
COUNTED = re.compile(
    r"(?i)(?<![a-z])(?:read|write|wrote|written|sent|send|received|receive|recv|got|len|length|size|count)[\s=(]*$"
)
UNIT = re.compile(
    r"(?i)\s*(?:bytes?|chars?|ms|us|µs|s|sec\w*|min\w*|baud|bd|bps|bits?|hz|v|a|%|times?|retries|reg\w*|字节|毫秒|秒)(?![a-z])"
)
SUM = re.compile(r"(?i)(?<![a-z])(?:crc\w*|lrc|cs|checksum|calculated|computed|calc|expected)(?![a-z])|校验")
# pymodbus repeats what it has shown already.
REPEATED = re.compile(r"(?:extra data|old_data|Processing):.*")

_STAMPS_BEHIND_MAX = 2  # a date and a time
_CONTEXT_MAX = 48  # characters: more says nothing about a stamp
_ENDS_IN_BYTE = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{2}$")


def without_stamps(line: str) -> str:
    """The line without dates, times, decimals and [words] before it, dates and times behind it."""
    at = 0
    while stamp := FRONT.match(line, at):
        at = stamp.end()
    line = _SURE.sub(" ", line[at:]).rstrip()
    for _ in range(_STAMPS_BEHIND_MAX):
        stamp = BACK.search(line, max(len(line) - _CONTEXT_MAX, 0))
        if not stamp:
            break
        before = line[: stamp.start()].rstrip()[-_CONTEXT_MAX:]
        if SAID.search(before) and not _ENDS_IN_BYTE.search(before):  # >>> 00:00:00 is three bytes
            break
        line = line[: stamp.start()].rstrip(" \t,;|[(")
    return line


def looks_like_a_log(line: str) -> bool:
    """True if a line begins or ends with a stamp, or names a direction."""
    return bool(FRONT.match(line) or BACK.search(line) or BEGINS.match(line) or ANYWHERE.search(line))
