"""Which services have one endpoint in a partition, whichever Region a request is made from, and that endpoint's Region.

botocore (Apache-2.0) has for each service the rules by which a program finds its endpoint: they are asked once for every Region
of every partition. Where all answers are one, that is the endpoint, and the Region that its requests are signed for is the value
of `aws:RequestedRegion`.
"""

from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import BotoCoreError
from botocore.session import get_session

# Whose rules would make an endpoint for any Region, though there is one, as AWS says in words.
BY_HAND = [
    # "you must specify the US West (Oregon) Region to create, update, or otherwise work with accelerators":
    # https://docs.aws.amazon.com/global-accelerator/latest/api/Welcome.html
    ("aws", "globalaccelerator", "us-west-2"),
    # "endpoints that are physically located in the us-west-2 region":
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_deny-requested-region.html
    ("aws", "devicefarm", "us-west-2"),
    # The active endpoint; the other one is for its failure: https://docs.aws.amazon.com/health/latest/ug/health-api.html
    ("aws", "health", "us-east-1"),
    ("aws-cn", "health", "cn-northwest-1"),
    # https://docs.aws.amazon.com/general/latest/gr/r53.html
    ("aws", "route53domains", "us-east-1"),
    # "provides the following endpoint: cur.us-east-1.amazonaws.com":
    # https://docs.aws.amazon.com/boto3/latest/reference/services/cur.html
    ("aws", "cur", "us-east-1"),
    # It has no API that is published; "awsRegion" of each of its operations in the log:
    # https://docs.aws.amazon.com/awssupport/latest/user/logging-using-cloudtrail-support-plans.html
    ("aws", "supportplans", "us-west-2"),
]
# Not "chatbot": it has four endpoints, https://docs.aws.amazon.com/general/latest/gr/chatbot.html

def endpoint(rules, region):
    """The address and its Region, which is None where the rules do not say one or need to know more."""
    try:
        found = rules.resolve_endpoint(Region=region, UseFIPS=False, UseDualStack=False)
    except BotoCoreError:
        return region, None
    schemes = found.properties.get("authSchemes") or [{}]
    return found.url, schemes[0].get("signingRegion")


def single_endpoints(listed):
    """`partition prefix region`, and `* prefix:operation` for operations of a service that shares the prefix and has endpoints
    in many Regions. Sorted. `listed`: the prefixes that IAM has."""
    loader = get_session().get_component("data_loader")
    partitions = loader.load_data("partitions")
    regions = {
        one["id"]: [name for name in one["regions"] if not name.endswith("-global")] for one in partitions["partitions"]
    }
    rows = {(partition, prefix): region for partition, prefix, region in BY_HAND if prefix in listed}
    others = []
    for name in loader.list_available_services("endpoint-rule-set-1"):
        model = loader.load_service_model(name, "service-2")
        # IAM's prefix is the name that signs, and where there is none the endpoint's.
        about = model["metadata"]
        prefix = about.get("signingName", about["endpointPrefix"])
        if prefix not in listed:
            continue
        rules = EndpointProvider(loader.load_service_model(name, "endpoint-rule-set-1"), partitions)
        found = {}
        for partition, names in regions.items():
            answers = {endpoint(rules, name) for name in names}
            region = min(answers, key=str)[1]
            if len(answers) == 1 and region in names:
                found[partition] = region
        # In a partition of one Region every service has one endpoint.
        if "aws" not in found:
            others.append((prefix, model["operations"]))
            continue
        for partition, region in found.items():
            if rows.setdefault((partition, prefix), region) != region:
                raise SystemExit(f"{prefix} has endpoints in two Regions of {partition}")
    single = {prefix for _, prefix in rows}
    by_hand = {prefix for _, prefix, _ in BY_HAND}
    shared = {
        f"* {prefix}:{one.lower()}" for prefix, operations in others if prefix in single - by_hand for one in operations
    }
    return sorted(shared | {f"{partition} {prefix} {region}" for (partition, prefix), region in rows.items()})
