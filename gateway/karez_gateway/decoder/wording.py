"""The program's own words in English and Chinese: data only, the same names in both.

What a decoder finds (names and meanings of fields, reasons) is put into Chinese by chinese.py.
"""

LANGUAGES = ("en", "zh")

_PAGE_EN = {
    "offset": "offset",
    "raw": "bytes",
    "name": "field",
    "meaning": "meaning",
    "unit": "unit",
    "place": "offset {offset}, {length} bytes",
    "good": "good",
    "bad": "BAD: {reason}",
    "invalid": "not a frame",
    "erased": "never written",
    "more": "… {count} more",
    "found": "{good} good, {bad} bad in {length} bytes.",
    "nothing": "No frame found in {length} bytes.",
    "skipped": "{count} line(s) of the log held no bytes.",
    "protocols": "Protocols that karez decode knows:",
    "usage": "Example: karez decode {protocol} 01 03 00 00 00 0A C5 CD; more: karez decode --help",
}
_PAGE_ZH = {
    "offset": "偏移",
    "raw": "字节",
    "name": "字段",
    "meaning": "含义",
    "unit": "单位",
    "place": "偏移 {offset}，{length} 字节",
    "good": "正确",
    "bad": "错误：{reason}",
    "invalid": "不是帧",
    "erased": "未写入",
    "more": "……另有 {count} 字节",
    "found": "{length} 字节：正确 {good}，错误 {bad}。",
    "nothing": "{length} 字节中没有帧。",
    "skipped": "日志中有 {count} 行不含字节。",
    "protocols": "karez decode 支持的规约：",
    "usage": "示例：karez decode {protocol} 01 03 00 00 00 0A C5 CD；详见 karez decode --help",
}
PAGE = {"en": _PAGE_EN, "zh": _PAGE_ZH}

_PROTOCOLS_EN = {
    "cjt188": "CJ/T 188 water, heat and gas meters",
    "dlt645": "DL/T 645 electricity meters",
    "frame": "Field link payloads: records up, acknowledgements and grants down, state",
    "grant": "Signed grants",
    "keys": "Root-signed key lists",
    "modbus": "Modbus RTU, requests and answers",
    "order": "Signed orders",
    "record": "Slots of the controller's log, 128 bytes each, also whole sectors",
    "sl651": "SL 651-2014 hydrological stations and centres, HEX and ASCII",
    "szy206": "SZY 206 and SL/T 427 water resource stations and centres",
}
_PROTOCOLS_ZH = {
    "cjt188": "CJ/T 188 水表、热量表、燃气表",
    "dlt645": "DL/T 645 电能表",
    "frame": "控制器与网关之间的报文：上行记录，下行确认与指标，状态",
    "grant": "已签名的用水指标",
    "keys": "根密钥签名的密钥表",
    "modbus": "Modbus RTU 请求与应答",
    "order": "已签名的指令",
    "record": "控制器记录，每条 128 字节，也可为整个扇区",
    "sl651": "SL 651-2014 水文监测数据通信规约，HEX 与 ASCII",
    "szy206": "SZY 206、SL/T 427 水资源监测数据传输规约",
}
# A decoder that registers later is listed without a line here.
PROTOCOLS = {"en": _PROTOCOLS_EN, "zh": _PROTOCOLS_ZH}
