"""Block Kit, checked as Slack does, and more strictly where the documentation says "should".

Source: Slack's reference of blocks, block elements, composition objects and views ("Block Kit: reference").
Every finding is "what [json-pointer:/blocks/0/text]", as in ``response_metadata.messages``.
"""

from collections import Counter

from tests.fakes.slack.elements import ACTIONS, INPUTS, SECTIONS, element, keys, text_object

MESSAGE_BLOCKS, VIEW_BLOCKS = 50, 100
COLORS = {"good", "warning", "danger"}


def check_blocks(blocks, surface="message", at="/blocks", files=()):
    """All that is wrong with ``blocks``; ``files`` are ids of uploaded files that an image may show."""
    if not isinstance(blocks, list):
        return [f"must be an array [json-pointer:{at}]"]
    most = MESSAGE_BLOCKS if surface == "message" else VIEW_BLOCKS
    if len(blocks) > most:
        return [f"no more than {most} items allowed [json-pointer:{at}]"]
    found = []
    for index, block in enumerate(blocks):
        where = f"{at}/{index}"
        if not isinstance(block, dict):
            found.append(f"must be an object [json-pointer:{where}]")
        elif block.get("type") not in KINDS:
            found.append(f"unsupported type: {block.get('type')} [json-pointer:{where}/type]")
        else:
            found += keys(block, {"type", "block_id", *FIELDS[block["type"]]}, where)
            found += _block_id(block, where)
            found += _image_or(block, where, surface, files)
    ids = Counter(one.get("block_id") for one in blocks if isinstance(one, dict) and one.get("block_id"))
    found += [
        f"block_id {name} already exists [json-pointer:{at}]" for name, times in ids.items() if times > 1
    ]
    return found


def _image_or(block, where, surface, files):
    if block["type"] == "image":
        return _image(block, where, files)
    if block["type"] == "input":
        return _input(block, where, surface)
    return KINDS[block["type"]](block, where)


def _block_id(block, where):
    name = block.get("block_id", "x")
    good = isinstance(name, str) and 0 < len(name) <= 255
    return [] if good else [f"block_id must be 1 to 255 characters [json-pointer:{where}/block_id]"]


def _header(block, where):
    return text_object(block.get("text"), f"{where}/text", 150, plain=True)


def _section(block, where):
    found = []
    if "text" not in block and "fields" not in block:
        found.append(f"missing required field: text or fields [json-pointer:{where}]")
    if "text" in block:
        found += text_object(block["text"], f"{where}/text", 3000)
    fields = block.get("fields", ["x"])
    if not isinstance(fields, list) or not 1 <= len(fields) <= 10:
        found.append(f"must be 1 to 10 items [json-pointer:{where}/fields]")
    elif "fields" in block:
        found += [
            bad for i, one in enumerate(fields) for bad in text_object(one, f"{where}/fields/{i}", 2000)
        ]
    if "accessory" in block:
        found += element(block["accessory"], f"{where}/accessory", SECTIONS)
    return found


def _divider(block, where):
    return []


def _context(block, where):
    items = block.get("elements")
    if not isinstance(items, list) or not 1 <= len(items) <= 10:
        return [f"must be 1 to 10 items [json-pointer:{where}/elements]"]
    found = []
    for i, one in enumerate(items):
        if isinstance(one, dict) and one.get("type") == "image":
            found += element(one, f"{where}/elements/{i}", {"image"})
        else:
            found += text_object(one, f"{where}/elements/{i}", 3000)
    return found


def _actions(block, where):
    items = block.get("elements")
    if not isinstance(items, list) or not 1 <= len(items) <= 25:
        return [f"must be 1 to 25 items [json-pointer:{where}/elements]"]
    found = [bad for i, one in enumerate(items) for bad in element(one, f"{where}/elements/{i}", ACTIONS)]
    names = Counter(one.get("action_id") for one in items if isinstance(one, dict) and one.get("action_id"))
    repeated = [name for name, times in names.items() if times > 1]
    return found + [f"action_id {name} already exists [json-pointer:{where}/elements]" for name in repeated]


def _image(block, where, files):
    found = []
    if ("image_url" in block) == ("slack_file" in block):
        found.append(f"expected one of image_url and slack_file [json-pointer:{where}]")
    url = block.get("image_url", "x")
    if not isinstance(url, str) or not 0 < len(url) <= 3000:
        found.append(f"must be 1 to 3000 characters [json-pointer:{where}/image_url]")
    if "slack_file" in block and block["slack_file"].get("id") not in files:
        found.append(f"invalid slack file [json-pointer:{where}/slack_file]")
    alt = block.get("alt_text")
    if not isinstance(alt, str) or not 0 < len(alt) <= 2000:
        found.append(f"missing required field: alt_text [json-pointer:{where}/alt_text]")
    if "title" in block:
        found += text_object(block["title"], f"{where}/title", 2000, plain=True)
    return found


def _input(block, where, surface):
    found = text_object(block.get("label"), f"{where}/label", 2000, plain=True)
    found += element(block.get("element"), f"{where}/element", INPUTS)
    if "hint" in block:
        found += text_object(block["hint"], f"{where}/hint", 2000, plain=True)
    return found


def _rich_text(block, where):
    items = block.get("elements")
    good = isinstance(items, list) and all(
        isinstance(one, dict) and str(one.get("type", "")).startswith("rich_text_") for one in items
    )
    return [] if good else [f"must be rich text elements [json-pointer:{where}/elements]"]


def _markdown(block, where):
    text = block.get("text")
    good = isinstance(text, str) and 0 < len(text) <= 12000
    return [] if good else [f"must be 1 to 12000 characters [json-pointer:{where}/text]"]


KINDS = {
    "header": _header,
    "section": _section,
    "divider": _divider,
    "context": _context,
    "actions": _actions,
    "image": _image,
    "input": _input,
    "rich_text": _rich_text,
    "markdown": _markdown,
}
FIELDS = {
    "header": {"text"},
    "section": {"text", "fields", "accessory", "expand"},
    "divider": set(),
    "context": {"elements"},
    "actions": {"elements"},
    "image": {"image_url", "slack_file", "alt_text", "title"},
    "input": {"label", "element", "hint", "optional", "dispatch_action"},
    "rich_text": {"elements"},
    "markdown": {"text"},
}
ATTACHMENT = {
    *(
        "color",
        "blocks",
        "fallback",
        "text",
        "pretext",
        "title",
        "title_link",
        "fields",
        "footer",
        "footer_icon",
    ),
    *("ts", "mrkdwn_in", "author_name", "author_link", "author_icon", "image_url", "thumb_url", "id"),
}


def check_attachments(attachments, files=()):
    """All that is wrong with the older form of rich messages, whose bar has a colour."""
    if not isinstance(attachments, list):
        return ["must be an array [json-pointer:/attachments]"]
    found = []
    for index, one in enumerate(attachments):
        where = f"/attachments/{index}"
        if not isinstance(one, dict):
            found.append(f"must be an object [json-pointer:{where}]")
            continue
        found += keys(one, ATTACHMENT, where)
        if "blocks" in one:
            found += check_blocks(one["blocks"], at=f"{where}/blocks", files=files)
        color = one.get("color", "good")
        hexadecimal = isinstance(color, str) and len(color) == 7 and color[0] == "#"
        if color not in COLORS and not (hexadecimal and set(color[1:]) <= set("0123456789abcdefABCDEF")):
            found.append(f"must be good, warning, danger or #rrggbb [json-pointer:{where}/color]")
        for field in one.get("fields", ()):
            found += keys(field, {"title", "value", "short"}, f"{where}/fields")
    return found


VIEW = {
    *("type", "title", "submit", "close", "blocks", "callback_id", "private_metadata", "clear_on_close"),
    *("notify_on_close", "external_id", "submit_disabled"),
}


def check_view(view):
    """All that is wrong with a modal."""
    if not isinstance(view, dict):
        return ["must be an object [json-pointer:/view]"]
    found = keys(view, VIEW, "/view")
    if view.get("type") != "modal":
        found.append("unsupported type [json-pointer:/view/type]")
    found += text_object(view.get("title"), "/view/title", 24, plain=True)
    for name in ("submit", "close"):
        if name in view:
            found += text_object(view[name], f"/view/{name}", 24, plain=True)
    for name, most in (("callback_id", 255), ("private_metadata", 3000), ("external_id", 255)):
        if not isinstance(view.get(name, ""), str) or len(view.get(name, "")) > most:
            found.append(f"must be less than {most + 1} characters [json-pointer:/view/{name}]")
    blocks = view.get("blocks")
    found += check_blocks(blocks, surface="view", at="/view/blocks")
    inputs = isinstance(blocks, list) and any(
        isinstance(b, dict) and b.get("type") == "input" for b in blocks
    )
    if inputs and "submit" not in view:
        found.append("missing required field: submit [json-pointer:/view]")
    return found
