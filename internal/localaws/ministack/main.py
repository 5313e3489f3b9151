"""Runs MiniStack, with those functions replaced that the local stack cannot go
round from outside. It ends at once when a release of MiniStack has no such
functions any more."""

import os
import re
import urllib.parse

import cbor2
from ministack import app
from ministack.core import iam_actions
from ministack.services import cloudwatch, lambda_svc

for module, name in (
    (app, "_resolve_port"),
    (cloudwatch, "_evaluate_alarm"),
    (cloudwatch, "_dims_from_list"),
    (iam_actions, "_match_rest_action"),
    (iam_actions, "_safe_json_field"),
    (iam_actions, "extract_resource_arn"),
    (lambda_svc, "_execute_function"),
):
    if not callable(getattr(module, name)):
        raise SystemExit(f"MiniStack's {module.__name__}.{name} is not what it was")

# GATEWAY_PORT is what MiniStack's URLs name: the stack's door. It listens on a
# port of its own behind it.
app._resolve_port = lambda: os.environ["PORTCULLIS_PORT"]

# An alarm would look at the data of all dimensions of a metric at once, and
# leave periods and missing data aside. Package alarms evaluates alarms.
cloudwatch._evaluate_alarm = lambda alarm: None


class _Dimensions(dict):
    """True also when it is empty: MiniStack takes a false value for "any"."""

    def __bool__(self):
        return True


# A metric without dimensions is a metric of its own, not the sum of all.
_dims_from_list = cloudwatch._dims_from_list
cloudwatch._dims_from_list = lambda dimensions: _Dimensions(_dims_from_list(dimensions))


# A request in CBOR has its operation in the path, where IAM does not look: it
# would let everybody make it.
_match_rest_action = iam_actions._match_rest_action


def _match_rest_or_rpc_action(service, method, path, query_params):
    found = re.fullmatch(r"/service/\w+/operation/(\w+)", path)
    return found.group(1) if found else _match_rest_action(service, method, path, query_params)


iam_actions._match_rest_action = _match_rest_or_rpc_action

# Nor does it look into the body, but ends in an exception.
_safe_json_field = iam_actions._safe_json_field


def _safe_field(body, field):
    try:
        return _safe_json_field(body, field)
    except UnicodeDecodeError:
        pass
    try:
        return cbor2.loads(body).get(field, "") or ""
    except Exception:
        return ""


iam_actions._safe_json_field = _safe_field

# Lambda's Invoke is about the function with its qualifier, wherever that stands,
# and a function may be named by a part of its ARN. MiniStack takes what the path
# says for the name.
_extract_resource_arn = iam_actions.extract_resource_arn
_invoke = re.compile(r"/[0-9-]+/functions/([^/]+)/invocations/?")
_function = re.compile(r"(?:arn:aws[a-zA-Z-]*:lambda:)?(?:[a-z0-9-]+-\d:)?(?:\d{12}:)?(?:function:)?([\w-]+)(?::([$\w-]+))?")


def _resource_arn(service, method, path, headers, body, query_params, region, account_id):
    found = service == "lambda" and _invoke.fullmatch(path)
    named = found and _function.fullmatch(urllib.parse.unquote(found.group(1)))
    if not named:
        return _extract_resource_arn(service, method, path, headers, body, query_params, region, account_id)
    beside = query_params.get("Qualifier") or ""
    if isinstance(beside, list):
        beside = beside[0]
    qualifier = named.group(2) or beside
    return f"arn:aws:lambda:{region}:{account_id}:function:{named.group(1)}" + (f":{qualifier}" if qualifier else "")


iam_actions.extract_resource_arn = _resource_arn


# No function is run but by the stack. What tells other services to call one is
# refused; this is for what is not thought of.
def _execute_function(*_):
    raise RuntimeError("functions are run by the local stack, not by MiniStack")


lambda_svc._execute_function = _execute_function

app.main()
