"""What a template declares, once its parameters and the resources of a stack are known."""

import re


class Resolved:
    """A template with its parameters, and the resources of a stack, filled in."""

    def __init__(self, template, place, overrides, references=(), attributes=()):
        self.template = template
        region, account, stack = place
        defaults = {name: parameter["Default"] for name, parameter in template["Parameters"].items()}
        pseudo = {"AWS::Region": region, "AWS::Partition": "aws", "AWS::AccountId": account, "AWS::StackName": stack}
        self.references = {name: f"{name}-id" for name in template["Resources"]}
        self.references |= defaults | pseudo | overrides | dict(references)
        self.attributes = dict(attributes)

    def of(self, name):
        """The properties of a resource."""
        return self.value(self.template["Resources"][name].get("Properties", {}))

    def value(self, node):
        match node:
            case {"Ref": name, **others} if not others:
                return self.references.get(name)
            case {"Fn::GetAtt": [name, attribute]}:
                return self.attributes.get((name, attribute), f"arn:aws:{name}:{attribute}")
            case {"Fn::Sub": text}:
                return re.sub(r"\$\{([^}]+)\}", lambda found: self.substitute(found[1]), text)
            case {"Fn::Split": [separator, text]}:
                return self.value(text).split(separator)
            case {"Fn::If": [condition, then, otherwise]}:
                return self.value(then if self.holds(self.template["Conditions"][condition]) else otherwise)
            case dict():
                resolved = {name: self.value(value) for name, value in node.items()}
                return {name: value for name, value in resolved.items() if value is not None}
            case list():
                return [value for value in map(self.value, node) if value is not None]
        return node

    def substitute(self, name):
        return str(self.value({"Fn::GetAtt": name.split(".")} if "." in name else {"Ref": name}))

    def holds(self, condition):
        match condition:
            case {"Fn::Not": [negated]}:
                return not self.holds(negated)
            case {"Fn::And": parts}:
                return all(map(self.holds, parts))
            case {"Condition": name}:
                return self.holds(self.template["Conditions"][name])
            case {"Fn::Equals": [one, other]}:
                return str(self.value(one)) == str(self.value(other))
        raise ValueError(f"an unknown condition: {condition}")

    def typed(self, kind):
        return [name for name, resource in self.template["Resources"].items() if resource["Type"] == kind]
