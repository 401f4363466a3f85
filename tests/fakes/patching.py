"""Strategic merge of a patch into an object, as the API server does it, written down by hand for the fake."""

from copy import deepcopy

from aiops.adapters.kubernetes.written import merge_key


def merged(found, patch, field=""):
    """``found`` with ``patch`` in it; neither is changed. Null deletes; named lists merge by their key."""
    if isinstance(patch, dict):
        return _mapping(found, patch)
    if isinstance(patch, list):
        return _list(found, patch, field)
    return deepcopy(patch)


def _mapping(found, patch):
    if patch.get("$patch") == "replace" or not isinstance(found, dict):
        found = {}
    result = deepcopy(found)
    for key, value in patch.items():
        if key.startswith("$"):
            continue
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key), value, key)
    return result


def _list(found, patch, field):
    items = [item for item in patch if item != {"$patch": "replace"}]
    key = merge_key(field, items)
    if key is None or len(items) < len(patch) or not isinstance(found, list):
        return [merged(None, item) for item in items if _stays(item)]
    result = deepcopy(found)
    for item in items:
        places = [place for place, one in enumerate(result) if one.get(key) == item[key]]
        if not _stays(item):
            for place in places:
                del result[place]
        elif places:
            result[places[0]] = merged(result[places[0]], item)
        else:
            result.append(merged(None, item))
    return result


def _stays(item):
    return not (isinstance(item, dict) and item.get("$patch") == "delete")
