"""What `karez bench meters` says, in English and Chinese: data, and the few rules that fill it in.

WORDS: the screen. COUNTERS: what has been counted. UNUSABLE: why something cannot be done; the
places in braces are what a person gave. Names that are typed (commands, faults, options) and the
bytes of frames are the same in both languages.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES = ("en", "zh")

_WORDS_EN = {
    "port": "port {path}",
    "meter": "{label}: {protocol}, address {address}, {setting}, {maker}",
    "factory": "{setting} (factory setting {own})",
    "greeting": "{pump}; `help` lists commands, Ctrl-C ends",
    "pump": "pump {state}, set to {wanted:g} m3/h: {flow:.1f} m3/h now, {power:.1f} kW",
    "runs": "runs",
    "stands": "stands",
    "truth": "truth since the start: {water:.3f} m3, {energy:.3f} kWh",
    "counted": "{count} {name}",
    "comma": ", ",
    "fault": "{name} {state}: {meters}",
    "done": "{name} done: {meters}",
    "on": "on",
    "off": "off",
    "relay_open": "relay open; {pump}",
    "relay_closed": "relay closed; {pump}",
    "valve_open": "valve open; {pump}",
    "valve_closed": "valve closed; {pump}",
    "input_closed": "nobody types any more; the meters go on, Ctrl-C ends",
    "near": "; did you mean {names}?",
    "second master": "second master",
    "noise": "noise: {ppm} bytes in a million are spoilt",
    "bursts": "noise when the pump is switched: {state}",
    "echo": "echo: {state}",
    "second": "second master: {state}",
    "latency": "every meter answers after {ms} ms",
    "latency_own": "every meter answers as its profile says",
    "unknown": "for nobody here, or damaged",
    "silent": "the meter is silent",
    "wrong_baud": "asked at another baud rate than the meter's",
    "spoilt": "spoilt on the wire",
    "too_early": "lost: begun within 3.5 characters of the bytes before",
    "no_parity": "a pty has no parity: set the master to 8N1, whatever the meter's setting",
    "foreign": "second master",
    "help": """flow M3H            the pump gives this much, e.g. flow 50
start | stop        the pump
fault NAME on|off   of every meter that knows it; METER:NAME for one
faults              names of all faults, those that are on marked *
noise PPM           so many bytes in a million are spoilt; 0 ends it
bursts on|off       noise for a moment when the pump is switched
echo on|off         the master hears itself (pty only)
second-master on|off  somebody else asks the same meters once a second
latency MS|profile  how late every meter answers
show                pump, troubles, totals and counters
quit                end (or Ctrl-C)""",
}
_WORDS_ZH = {
    "port": "串口 {path}",
    "meter": "{label}：{protocol}，地址 {address}，{setting}，{maker}",
    "factory": "{setting}（出厂设置 {own}）",
    "greeting": "{pump}；输入 help 查看命令，Ctrl-C 结束",
    "pump": "水泵{state}，设定 {wanted:g} m3/h：当前 {flow:.1f} m3/h，{power:.1f} kW",
    "runs": "运行",
    "stands": "停止",
    "truth": "启动以来的真值：{water:.3f} m3，{energy:.3f} kWh",
    "counted": "{name} {count}",
    "comma": "，",
    "fault": "{name} {state}：{meters}",
    "done": "{name} 已发生：{meters}",
    "on": "开",
    "off": "关",
    "relay_open": "继电器断开；{pump}",
    "relay_closed": "继电器闭合；{pump}",
    "valve_open": "阀门打开；{pump}",
    "valve_closed": "阀门关闭；{pump}",
    "input_closed": "输入已关闭；表计继续运行，Ctrl-C 结束",
    "near": "；是否指 {names}？",
    "second master": "第二主站",
    "noise": "干扰：每百万字节损坏 {ppm} 个",
    "bursts": "水泵启停时的干扰：{state}",
    "echo": "回声：{state}",
    "second": "第二主站：{state}",
    "latency": "所有表计延时 {ms} 毫秒应答",
    "latency_own": "所有表计按各自的配置延时应答",
    "unknown": "此处无此地址，或帧已损坏",
    "silent": "表计不应答",
    "wrong_baud": "波特率与表计不符",
    "spoilt": "在线路上损坏",
    "too_early": "丢失：与前面字节的间隔不足 3.5 个字符",
    "no_parity": "虚拟串口没有校验位：无论表计如何设置，主站一律用 8N1",
    "foreign": "第二主站",
    "help": """flow M3H            设定水泵流量（m3/h），例如 flow 50
start | stop        启动或停止水泵
fault NAME on|off   打开或关闭故障，对所有具备者；METER:NAME 只对一块表
faults              列出全部故障，已打开的标 *
noise PPM           每百万字节损坏这么多个；0 为停止
bursts on|off       水泵启停瞬间的干扰
echo on|off         主站听到自己的发送（仅限虚拟串口）
second-master on|off  另一主站每秒询问同样的表计
latency MS|profile  所有表计的应答延时
show                水泵、线路问题、真值与计数
quit                结束（或 Ctrl-C）""",
}
WORDS = {"en": _WORDS_EN, "zh": _WORDS_ZH}

_COUNTERS_EN = {
    "requests": "requests",
    "replies": "replies",
    "foreign": "requests of the second master",
    "unanswered_unknown": "for nobody here",
    "unanswered_silent": "to a silent meter",
    "unanswered_baud": "at a wrong baud rate",
    "gap_violations": "begun too early",
    "collisions": "collisions",
    "lost_bytes": "bytes nobody read",
    "damaged_frames": "damaged frames",
    "spoilt_bytes": "spoilt bytes",
}
_COUNTERS_ZH = {
    "requests": "请求",
    "replies": "应答",
    "foreign": "第二主站的请求",
    "unanswered_unknown": "无此地址",
    "unanswered_silent": "表计不应答",
    "unanswered_baud": "波特率不符",
    "gap_violations": "发送过早",
    "collisions": "冲突",
    "lost_bytes": "无人读取的字节",
    "damaged_frames": "损坏的帧",
    "spoilt_bytes": "损坏的字节",
}
COUNTERS = {"en": _COUNTERS_EN, "zh": _COUNTERS_ZH}

_UNUSABLE_EN = {
    "lang": "--lang {lang}: en or zh",
    "profile_unknown": "--profile {word} is not known{near}; --profile list names them",
    "profile_unread": "--profile {word}: {reason}",
    "profile_wrong": "--profile {word}: this profile cannot be served: {reason}",
    "profile_none": "name at least one meter: --profile NAME; --profile list names them",
    "address_taken": "--profile {word}: address {address} is taken by {label}; name another: {name}@ADDRESS",
    "address_modbus": "--profile {word}: a Modbus address is 1 to {most}",
    "address_digits": "--profile {word}: an address of {protocol} has {digits} digits",
    "address_kind": "--profile {word}: a meter type is two hexadecimal digits, e.g. 10:12345678901234",
    "parity": "--parity {parity}: N, E or O",
    "baud": "--baud {baud}: one of {known}",
    "baud_port": "--baud {baud}: this port does not know it",
    "one_setting": "one adapter has one setting: {settings}; give --baud and --parity for all",
    "pyserial": "--port needs the package pyserial: pip install 'karez[bench]'",
    "port": "--port {path}: {reason}",
    "port_gone": "the port is gone: {reason}",
    "flow": "flow {given}: from 0 to {most} m3/h",
    "noise": "noise {given}: from 0 to {most} bytes in a million",
    "latency": "latency {given}: from 0 to {most} ms",
    "seconds": "--seconds {given}: 0 or more",
    "echo_adapter": "echo: a real adapter cannot do it, the master's own wiring echoes or not; only on a pty",
    "command": "{text} is not understood; help lists what is",
    "meter_unknown": "no meter {label} here, only {known}",
    "fault_unknown": "no fault {name} here{near}; known: {known}",
    "fault_once": "{name} happens once and cannot be switched off",
}
_UNUSABLE_ZH = {
    "lang": "--lang {lang}：en 或 zh",
    "profile_unknown": "--profile {word}：未知{near}；用 --profile list 列出全部",
    "profile_unread": "--profile {word}：{reason}",
    "profile_wrong": "--profile {word}：无法按此配置模拟：{reason}",
    "profile_none": "至少指定一块表：--profile NAME；用 --profile list 列出全部",
    "address_taken": "--profile {word}：地址 {address} 已被 {label} 占用；请另指定：{name}@地址",
    "address_modbus": "--profile {word}：Modbus 地址为 1 至 {most}",
    "address_digits": "--profile {word}：{protocol} 地址为 {digits} 位数字",
    "address_kind": "--profile {word}：表类型为两位十六进制数，例如 10:12345678901234",
    "parity": "--parity {parity}：N、E 或 O",
    "baud": "--baud {baud}：须为 {known} 之一",
    "baud_port": "--baud {baud}：此串口不支持",
    "one_setting": "一个适配器只有一种设置：{settings}；请用 --baud 和 --parity 统一指定",
    "pyserial": "--port 需要 pyserial 软件包：pip install 'karez[bench]'",
    "port": "--port {path}：{reason}",
    "port_gone": "串口已断开：{reason}",
    "flow": "flow {given}：须为 0 至 {most} m3/h",
    "noise": "noise {given}：每百万字节须为 0 至 {most} 个",
    "latency": "latency {given}：须为 0 至 {most} 毫秒",
    "seconds": "--seconds {given}：须为 0 或更大",
    "echo_adapter": "echo：真实适配器做不到，回声取决于主站自身的接线；仅限虚拟串口",
    "command": "{text}：无法理解；输入 help 查看命令",
    "meter_unknown": "此处没有表计 {label}，只有 {known}",
    "fault_unknown": "此处没有故障 {name}{near}；已知：{known}",
    "fault_once": "{name} 是一次性的，不能关闭",
}
UNUSABLE = {"en": _UNUSABLE_EN, "zh": _UNUSABLE_ZH}

# What the system says of a port or file, where its own words would not help a technician.
_SYSTEM_EN = {
    errno.ENOENT: "No such file or device",
    errno.EACCES: "not yours to open: are you in the group of the port, e.g. dialout?",
    errno.EAGAIN: "another program has it",
    errno.EBUSY: "another program has it",
    errno.ENOTTY: "is no serial port",
    errno.EINVAL: "is no serial port, or does not know these settings",
    errno.EIO: "no longer answers",
    errno.EISDIR: "is a folder",
}
_SYSTEM_ZH = {
    errno.ENOENT: "没有此文件或设备",
    errno.EACCES: "无权打开：用户是否属于该串口的用户组（如 dialout）？",
    errno.EAGAIN: "已被其他程序占用",
    errno.EBUSY: "已被其他程序占用",
    errno.ENOTTY: "不是串口",
    errno.EINVAL: "不是串口，或不支持这些设置",
    errno.EIO: "不再响应",
    errno.EISDIR: "是文件夹",
}
SYSTEM = {"en": _SYSTEM_EN, "zh": _SYSTEM_ZH}


def unusable(lang: str, name: str, values: Mapping[str, Any]) -> str:
    """One line saying why something cannot be done.

    Lists among the values are joined, `near` becomes a question, an exception its reason.
    """
    filled = {key: _spelt(lang, value) for key, value in values.items()}
    if "near" in values:
        filled["near"] = WORDS[lang]["near"].format(names=filled["near"]) if values["near"] else ""
    return UNUSABLE[lang][name].format(**filled)


def _spelt(lang: str, value: object) -> object:
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)
    return reason(lang, value) if isinstance(value, Exception) else value


def reason(lang: str, error: Exception) -> str:
    """What went wrong, in one line."""
    number = getattr(error, "errno", None)
    if number is None and error.__context__ is not None:  # pyserial tells it in its text alone
        number = next(iter(error.__context__.args), None)
    if number in SYSTEM[lang]:
        return SYSTEM[lang][number]
    if isinstance(error, KeyError):
        return f"{error.args[0]!r}?"
    return " ".join(str(getattr(error, "strerror", None) or error).split())
