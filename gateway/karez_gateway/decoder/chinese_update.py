"""Manifests, steps and statuses of an update in Chinese: data only, see chinese.py for the form."""

KINDS = {"update manifest": "固件清单", "update step": "升级步骤", "update status": "升级状态"}
NAMES = {
    "chunks": "块数",
    "number": "序号",
    "least": "最低前置序号",
    "issued_utc_s": "签发时间",
    "size": "大小",
    "board": "板型",
    "release": "版本号",
    "sha256": "SHA-256 摘要",
    "core_digest": "核心程序摘要",
    "step": "步骤",
    "index": "编号",
    "offset": "偏移",
    "update": "清单摘要",
    "data": "数据",
    "state": "状态",
    "is_wanted": "等待重启",
    "reason": "原因",
    "signature vendor": "厂商签名",
    "signature regulator": "监管机关签名",
}
PHRASES = {
    "an image has 1 to 120 chunks": "固件有 1 至 120 块",
    "a manifest has a number from 1, a least number and a date": "清单须有从 1 起的序号、最低前置序号和日期",
    "a manifest names its board and its release": "清单须写明板型和版本号",
    "a step without index or offset": "步骤缺少编号或偏移",
    "a manifest is announced by its SHA-256": "清单以其 SHA-256 宣告",
    "a piece without bytes": "没有内容的片段",
    "update": "升级",
}
SENTENCES = {
    "firmware {a} for {text}": "第 {a} 号固件，用于 {text}",
    "The manifest has {a} bytes and {b} for each of its two signatures, here are {c}.": (
        "清单为 {a} 字节，两个签名各 {b} 字节，此处共 {c} 字节。"
    ),
}
