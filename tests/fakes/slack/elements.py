"""Block elements and composition objects, checked: see ``blocks``."""

ACTIONS = {
    *("button", "static_select", "multi_static_select", "overflow", "radio_buttons", "checkboxes"),
    *(
        "datepicker",
        "timepicker",
        "datetimepicker",
        "users_select",
        "conversations_select",
        "channels_select",
    ),
}
SECTIONS = (ACTIONS | {"image", "multi_users_select"}) - {"datetimepicker"}
INPUTS = (ACTIONS - {"button", "overflow"}) | {"plain_text_input", "number_input", "multi_users_select"}
COMMON = {"type", "action_id"}
FIELDS = {
    "button": {"text", "url", "value", "style", "confirm", "accessibility_label"},
    "static_select": {
        "placeholder",
        "options",
        "option_groups",
        "initial_option",
        "confirm",
        "focus_on_load",
    },
    "multi_static_select": {
        *("placeholder", "options", "option_groups", "initial_options", "confirm", "focus_on_load"),
        "max_selected_items",
    },
    "overflow": {"options", "confirm"},
    "radio_buttons": {"options", "initial_option", "confirm", "focus_on_load"},
    "checkboxes": {"options", "initial_options", "confirm", "focus_on_load"},
    "datepicker": {"initial_date", "placeholder", "confirm", "focus_on_load"},
    "timepicker": {"initial_time", "placeholder", "confirm", "focus_on_load", "timezone"},
    "datetimepicker": {"initial_date_time", "confirm", "focus_on_load"},
    "users_select": {"placeholder", "initial_user", "confirm", "focus_on_load"},
    "multi_users_select": {"placeholder", "initial_users", "confirm", "focus_on_load", "max_selected_items"},
    "conversations_select": {"placeholder", "initial_conversation", "confirm", "filter", "focus_on_load"},
    "channels_select": {"placeholder", "initial_channel", "confirm", "focus_on_load"},
    "plain_text_input": {
        *("multiline", "min_length", "max_length", "initial_value", "placeholder", "focus_on_load"),
        "dispatch_action_config",
    },
    "number_input": {
        *("is_decimal_allowed", "min_value", "max_value", "initial_value", "placeholder", "focus_on_load"),
        "dispatch_action_config",
    },
    "image": {"image_url", "slack_file", "alt_text"},
}
MOST_OPTIONS = {
    "static_select": 100,
    "multi_static_select": 100,
    "overflow": 5,
    "radio_buttons": 10,
    "checkboxes": 10,
}


def keys(node, allowed, where):
    """Names that nobody knows are refused."""
    if not isinstance(node, dict):
        return [f"must be an object [json-pointer:{where}]"]
    return [
        f"no additional properties allowed: {name} [json-pointer:{where}]"
        for name in node
        if name not in allowed
    ]


def text_object(node, where, most, plain=False):
    """A text: ``plain_text`` or, where it may be, ``mrkdwn``."""
    if not isinstance(node, dict):
        return [f"missing required field: text object [json-pointer:{where}]"]
    kind = node.get("type")
    if kind not in ({"plain_text"} if plain else {"plain_text", "mrkdwn"}):
        return [f"must be {'plain_text' if plain else 'plain_text or mrkdwn'} [json-pointer:{where}/type]"]
    found = keys(node, {"type", "text", "emoji" if kind == "plain_text" else "verbatim"}, where)
    text = node.get("text")
    if not isinstance(text, str) or not text:
        found.append(f"must be more than 0 characters [json-pointer:{where}/text]")
    elif len(text) > most:
        found.append(f"must be less than {most + 1} characters [json-pointer:{where}/text]")
    return found


def element(node, where, allowed):
    """An interactive element, or an image, in a place where only ``allowed`` may stand."""
    if not isinstance(node, dict) or node.get("type") not in allowed:
        kind = node.get("type") if isinstance(node, dict) else node
        return [f"unsupported type: {kind} [json-pointer:{where}/type]"]
    kind = node["type"]
    found = keys(node, FIELDS[kind] | COMMON, where)
    found += _text_of(node, "action_id", 255, where)
    if kind == "button":
        found += _button(node, where)
    if kind in MOST_OPTIONS:
        found += _choices(node, where, MOST_OPTIONS[kind])
    if "placeholder" in node:
        found += text_object(node["placeholder"], f"{where}/placeholder", 150, plain=True)
    if "confirm" in node:
        found += _confirm(node["confirm"], f"{where}/confirm")
    if kind == "plain_text_input":
        found += _lengths(node, where)
    if kind == "number_input" and not isinstance(node.get("is_decimal_allowed"), bool):
        found.append(f"missing required field: is_decimal_allowed [json-pointer:{where}]")
    if kind == "image" and not node.get("alt_text"):
        found.append(f"missing required field: alt_text [json-pointer:{where}]")
    return found


def _text_of(node, name, most, where):
    value = node.get(name, "x")
    good = isinstance(value, str) and 0 < len(value) <= most
    return [] if good else [f"must be 1 to {most} characters [json-pointer:{where}/{name}]"]


def _button(node, where):
    found = text_object(node.get("text"), f"{where}/text", 75, plain=True)
    found += _text_of(node, "value", 2000, where) + _text_of(node, "url", 3000, where)
    found += _text_of(node, "accessibility_label", 75, where)
    if node.get("style", "primary") not in {"primary", "danger"}:
        found.append(f"must be primary or danger [json-pointer:{where}/style]")
    return found


def _choices(node, where, most):
    if "option_groups" in node:
        groups = node["option_groups"]
        if "options" in node or not isinstance(groups, list) or not 1 <= len(groups) <= 100:
            return [f"expected options or 1 to 100 option_groups [json-pointer:{where}]"]
        found = []
        for i, group in enumerate(groups):
            found += keys(group, {"label", "options"}, f"{where}/option_groups/{i}")
            found += text_object(group.get("label"), f"{where}/option_groups/{i}/label", 75, plain=True)
            found += _options(group.get("options"), f"{where}/option_groups/{i}/options", 100)
        return found
    found = _options(node.get("options"), f"{where}/options", most)
    initial = node.get("initial_option")
    if not found and initial is not None and initial not in node["options"]:
        found.append(f"must be one of the options [json-pointer:{where}/initial_option]")
    return found


def _options(options, where, most):
    if not isinstance(options, list) or not 1 <= len(options) <= most:
        return [f"must be 1 to {most} items [json-pointer:{where}]"]
    found = []
    for i, option in enumerate(options):
        at = f"{where}/{i}"
        bad = keys(option, {"text", "value", "description", "url"}, at)
        found += bad
        if not isinstance(option, dict):
            continue
        found += text_object(option.get("text"), f"{at}/text", 75)
        value = option.get("value")
        if not isinstance(value, str) or not 0 < len(value) <= 150:
            found.append(f"must be 1 to 150 characters [json-pointer:{at}/value]")
        if "description" in option:
            found += text_object(option["description"], f"{at}/description", 75)
    return found


def _confirm(node, where):
    found = keys(node, {"title", "text", "confirm", "deny", "style"}, where)
    if not isinstance(node, dict):
        return found
    for name, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        found += text_object(node.get(name), f"{where}/{name}", most, plain=True)
    return found


def _lengths(node, where):
    found = []
    for name, least in (("min_length", 0), ("max_length", 1)):
        value = node.get(name, least)
        if not isinstance(value, int) or not least <= value <= 3000:
            found.append(f"must be {least} to 3000 [json-pointer:{where}/{name}]")
    return found
