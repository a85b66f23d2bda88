"""What the steps and checks of a scenario say, in English and Chinese: data for `lane`.

STEPS: one sentence each. CHECKS: what is asked (shown while it is looked at), and what was
found. METHODS, LEVELS, METERS: names that stand in sentences. The places in braces are a step's
values, or the figures that a check found. The words around them are in stage_wording.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from karez_protocols import cause_words_zh, causes, record
from karez_simulators import (
    meter_fault_wording,
    meter_faults,
    part_fault_wording,
    wording_boxes,
    wording_failures,
    wording_village,
)
from karez_simulators.physics import well_faults

if TYPE_CHECKING:
    from collections.abc import Mapping

LANGUAGES = ("en", "zh")

# How litres were found. A scenario says it in English.
METHODS = {
    "en": {
        record.METERED: "metered",
        record.CONVERTED: "converted",
        record.CONVERTED_GROUP: "converted by the group",
        record.ESTIMATED: "estimated",
    },
    "zh": {
        record.METERED: "水表计量",
        record.CONVERTED: "以电折水",
        record.CONVERTED_GROUP: "以电折水（分组系数）",
        record.ESTIMATED: "估算",
    },
}

# Whose a platform is.
LEVELS = {
    "en": {"county": "county", "city": "city", "province": "province"},
    "zh": {"county": "县", "city": "市", "province": "省"},
}

METERS = {
    "en": {"water": "water meter", "power": "power meter", "level": "level probe"},
    "zh": {"water": "水表", "power": "电表", "level": "水位计"},
}

# Parts of the well that have faults of their own (physics/well_faults.py).
PARTS = {
    "en": {
        "pump": "pump",
        "supply": "supply",
        "contactor": "contactor",
        "breaker": "breaker",
        "pipe": "pipe",
    },
    "zh": {"pump": "水泵", "supply": "电源", "contactor": "接触器", "breaker": "断路器", "pipe": "管道"},
}

STEPS = {
    "en": {
        "grant": "The regulator signs a right to {litres} L more; the gateway carries it to the well",
        "forged_grant": "A stranger signs a right to {litres} L more; the gateway is made to carry it",
        "replayed_grant": "The very first grant is sent once more",
        "start": "A farmer holds the card to the reader and presses start; the contactor closes",
        "start_in_vain": "The farmer presses start; the controller says no",
        "pump": "The pump runs for {seconds} s",
        "wait": "{seconds} s pass",
        "stop": "The farmer presses stop; the controller opens the contactor and writes a record",
        "run_out": "The pump runs until the controller stops it on its own",
        "delivered": "The gateway stores and acknowledges every record that the controller holds",
        "broker_away": "The message broker goes away; the controller's connection is cut",
        "broker_back": "The message broker is back on the same port",
        "platform_away": "The platform of the {level} goes down",
        "platform_back": "The platform of the {level} is back on the same port",
        "kill": "The controller's process is killed (SIGKILL); the contactor drops",
        "restart": "The controller starts again and reads what became of its meters",
        "mains_cut": "The mains fail: pump, power meter and controller lose their supply at once",
        "mains_back": "The mains are back; the controller starts and reads what became of its meters",
        "fault": "At the {meter}: {name}",
        "mend": "Mended: {name}",
        "reset": "A technician has seen to it, and resets the lock-out",
        "swap_meter": "A technician puts on another {meter} and enters closing and opening reading",
        "silent_swap": "Somebody puts on another {meter} and says nothing",
        "enter_swap": "A technician enters closing and opening reading of the other meter",
        "export": "The gateway writes the site's evidence bundle, one file",
        "flip_a_bit": "One bit in the middle of the bundle is flipped",
    }
    | wording_failures.STEPS["en"]
    | wording_boxes.STEPS["en"]
    | wording_village.STEPS["en"],
    "zh": {
        "grant": "水行政主管部门签发授权，可再取 {litres} 升；由网关送达机井",
        "forged_grant": "外人伪造签名，声称可再取 {litres} 升；由网关照样转送",
        "replayed_grant": "把最早的一份授权重新发送一次",
        "start": "农户刷卡并按启动键；接触器闭合",
        "start_in_vain": "农户按启动键；控制器拒绝",
        "pump": "水泵运行 {seconds} 秒",
        "wait": "过去 {seconds} 秒",
        "stop": "农户按停止键；控制器断开接触器并写下记录",
        "run_out": "水泵运行，直到控制器自行停泵",
        "delivered": "网关存妥并确认控制器的每一条记录",
        "broker_away": "消息服务器中断；控制器的连接被切断",
        "broker_back": "消息服务器在原端口恢复",
        "platform_away": "{level}平台中断",
        "platform_back": "{level}平台在原端口恢复",
        "kill": "控制器进程被强行终止 (SIGKILL)；接触器落下",
        "restart": "控制器重新启动，读取停机期间的表计",
        "mains_cut": "停电：水泵、电表与控制器同时失去电源",
        "mains_back": "来电；控制器重新启动，读取停电期间的表计",
        "fault": "{meter}：{name}",
        "mend": "恢复正常，不再有：{name}",
        "reset": "技术员查明处理，解除闭锁",
        "swap_meter": "技术员更换{meter}，录入止码与起码",
        "silent_swap": "有人更换了{meter}，没有告知",
        "enter_swap": "技术员补录换表的止码与起码",
        "export": "网关导出本站点的证据包，一个文件",
        "flip_a_bit": "证据包中间翻转一位",
    }
    | wording_failures.STEPS["zh"]
    | wording_boxes.STEPS["zh"]
    | wording_village.STEPS["zh"],
}

CHECKS = {
    "en": {
        "pump_runs": ("the pump gives water", "The pump gives {flow} m³/h and takes {power} kW"),
        "pump_is_off": ("the pump is off", "The pump is off: it takes {power} kW"),
        "litres_exact": (
            "the books agree with the water meter",
            "The controller has booked {booked} L; the water meter has counted {metered} L",
        ),
        "converted_exact": (
            "the books agree with the energy used",
            "{energy} kWh x {coefficient} m³/kWh: {booked} L booked (the pump truly lifted {lifted} L)",
        ),
        "method": ("how the litres were found", "The litres of this stop are {method}"),
        "stopped_by": (
            "the cause of the stop",
            "Stopped because of: {cause}; code for the farmer: {code}",
        ),
        "overshoot": (
            "how far past the ceiling",
            "Ceiling {ceiling} L, stopped at {booked} L: {over} L past it, at most {bound} L are allowed",
        ),
        "refused": ("the cause of the refusal", "The controller's answer: {cause}"),
        "event": ("what is on record", "Record {seq} says: {cause}"),
        "noticed": (
            "whether it is noticed",
            "Noticed after {seconds} s (at most {within} s are allowed): {cause}",
        ),
        "grant_in_force": (
            "which grants the controller took",
            "The controller has taken grants {seqs} and no other",
        ),
        "records_wait": (
            "records wait on the controller",
            "{waiting} records wait on the controller, {new} of them written since the broker went",
        ),
        "log_complete": (
            "the gateway's log against the controller's records",
            "The gateway's log holds records 1 to {last}, each once, byte for byte",
        ),
        "receipt": (
            "a platform's receipt",
            "The {level} platform confirmed {volume} L; {rest} L are carried over to the next",
        ),
        "no_receipt": (
            "a platform that is down",
            "The {level} platform has nothing of this stop yet",
        ),
        "ledger_adds_up": (
            "the gateway's ledger adds up",
            "The hours of the gateway's ledger add up to {ledger} L; the controller booked {booked} L",
        ),
        "gap_booked": (
            "what flowed unseen is booked",
            "{litres} L flowed unseen in the {outage} s of the gap: read from the meter and booked",
        ),
        "meter_changed": (
            "both readings are on record",
            "Old meter closed at {closing}, new one opened at {opening}: the books go on from {base}",
        ),
        "bundle_proved": (
            "karez verify, offline",
            "karez verify, with public keys only: {verdict}, {irrigations} irrigations",
        ),
        "bundle_rejected": (
            "karez verify, offline",
            "karez verify rejects the file: {code}, record {seq}, byte {first}",
        ),
    }
    | wording_failures.CHECKS["en"]
    | wording_boxes.CHECKS["en"]
    | wording_village.CHECKS["en"],
    "zh": {
        "pump_runs": ("水泵出水", "水泵出水 {flow} m³/h，用电 {power} kW"),
        "pump_is_off": ("水泵已停", "水泵已停：用电 {power} kW"),
        "litres_exact": ("账面与水表一致", "控制器记账 {booked} 升；水表计得 {metered} 升"),
        "converted_exact": (
            "账面与用电量一致",
            "{energy} kWh × {coefficient} m³/kWh：记账 {booked} 升（水泵实际提水 {lifted} 升）",
        ),
        "method": ("水量来源", "本次停泵的水量来源：{method}"),
        "stopped_by": ("停泵原因", "停泵原因：{cause}；给农户的核对码：{code}"),
        "overshoot": ("越限多少", "上限 {ceiling} 升，停于 {booked} 升：越限 {over} 升，至多允许 {bound} 升"),
        "refused": ("拒绝原因", "控制器答复：{cause}"),
        "event": ("记录在案", "记录 {seq} 写明：{cause}"),
        "noticed": ("是否察觉", "{seconds} 秒后察觉（至多允许 {within} 秒）：{cause}"),
        "grant_in_force": ("控制器接受的授权", "控制器接受了授权 {seqs}，再无其他"),
        "records_wait": ("记录在控制器等待", "{waiting} 条记录在控制器等待，其中 {new} 条写于中断之后"),
        "log_complete": (
            "网关日志与控制器记录对照",
            "网关日志存有记录 1 至 {last}，各一次，逐字节一致",
        ),
        "receipt": ("平台回执", "{level}平台已确认 {volume} 升；余 {rest} 升结转下次"),
        "no_receipt": ("中断的平台", "{level}平台尚无此次停泵数据"),
        "ledger_adds_up": ("网关台账合计", "网关逐时台账合计 {ledger} 升；控制器记账 {booked} 升"),
        "gap_booked": ("未见之水已入账", "停机 {outage} 秒间流过 {litres} 升：已从水表读出并入账"),
        "meter_changed": (
            "止码与起码均已记录",
            "旧表止码 {closing}，新表起码 {opening}：账面从 {base} 继续",
        ),
        "bundle_proved": (
            "karez verify 离线验证",
            "karez verify 仅凭公钥验证：证据成立（{verdict}），{irrigations} 次灌溉",
        ),
        "bundle_rejected": (
            "karez verify 离线验证",
            "karez verify 拒绝该文件：{code}，记录 {seq}，字节 {first}",
        ),
    }
    | wording_failures.CHECKS["zh"]
    | wording_boxes.CHECKS["zh"]
    | wording_village.CHECKS["zh"],
}


def of_step(lang: str, name: str, values: Mapping[str, object]) -> str:
    """Return the sentence of a step; a meter and its fault stand in it in words."""
    words = dict(values)
    if "name" in words:
        words["name"] = of_fault(lang, str(words.get("part") or words["meter"]), str(words["name"]))
    if "part" in words:
        words["meter"] = PARTS[lang][str(words["part"])]
    elif "meter" in words:
        words["meter"] = METERS[lang][str(words["meter"])]
    if "level" in words:
        words["level"] = LEVELS[lang][str(words["level"])]
    if "card" in words:
        words["card"] = wording_failures.CARDS[lang][str(words["card"])]
    if "verb" in words:
        words["verb"] = wording_failures.VERBS[lang][str(words["verb"])]
    return STEPS[lang][name].format(**words)


def of_fault(lang: str, meter: str, fault: str) -> str:
    """Return what a fault of "water", "power", "level" or a part of the well does."""
    if meter in well_faults.PARTS:
        return part_fault_wording.of(lang, well_faults.PARTS[meter][fault])
    own = {"water": meter_faults.WATER, "power": meter_faults.POWER, "level": meter_faults.LEVEL}[meter]
    return meter_fault_wording.of(lang, own.get(fault) or meter_faults.EVERY.get(fault, fault))


def of_question(lang: str, name: str) -> str:
    """Return what a check asks."""
    return CHECKS[lang][name][0]


def of_finding(lang: str, name: str, figures: Mapping[str, Any]) -> str:
    """Return what a check found; `cause` and `method` among its figures are numbers of a record."""
    words = dict(figures)
    if "cause" in words:
        words["cause"] = of_cause(lang, words["cause"])
    if "method" in words:
        words["method"] = METHODS[lang].get(words["method"], words["method"])
    if "level" in words:
        words["level"] = LEVELS[lang][words["level"]]
    return CHECKS[lang][name][1].format(**words)


def of_cause(lang: str, cause: int) -> str:
    """Return a cause in words."""
    words = cause_words_zh.name(cause) if lang == "zh" else None
    return str(words or causes.name(cause))
