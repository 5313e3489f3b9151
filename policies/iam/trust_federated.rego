# METADATA
# title: A federated role says for whom
# description: |
#   Everybody has an account at GitHub, GitLab, Google or a guest identity of
#   Cognito. Without a condition on who it is (sub), and for whom the token was
#   made (aud), each of them takes the role.
# related_resources:
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html
# - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif
# - https://docs.aws.amazon.com/cognito/latest/developerguide/iam-roles.html
# custom:
#   severity: critical
#   remediation: Add StringEquals on <issuer>:aud and, for a CI system, StringEquals or StringLike on <issuer>:sub with the owner and the repository; for Cognito StringEquals on cognito-identity.amazonaws.com:aud with the identity pool.
#   types: [aws_iam_role]
#   mappings:
#     checkov: [CKV_AWS_358, CKV_AWS_393]
#   good: |
#     data "aws_iam_policy_document" "trust" {
#       statement {
#         actions = ["sts:AssumeRoleWithWebIdentity"]
#         principals {
#           type        = "Federated"
#           identifiers = [aws_iam_openid_connect_provider.github.arn]
#         }
#         condition {
#           test     = "StringEquals"
#           variable = "token.actions.githubusercontent.com:aud"
#           values   = ["sts.amazonaws.com"]
#         }
#         condition {
#           test     = "StringLike"
#           variable = "token.actions.githubusercontent.com:sub"
#           values   = ["repo:acme/chat:ref:refs/heads/main"]
#         }
#       }
#     }
#     resource "aws_iam_role" "this" {
#       name               = "this"
#       assume_role_policy = data.aws_iam_policy_document.trust.json
#     }
#   bad: |
#     data "aws_iam_policy_document" "trust" {
#       statement {
#         actions = ["sts:AssumeRoleWithWebIdentity"]
#         principals {
#           type        = "Federated"
#           identifiers = [aws_iam_openid_connect_provider.github.arn]
#         }
#       }
#     }
#     resource "aws_iam_role" "this" {
#       name               = "this"
#       assume_role_policy = data.aws_iam_policy_document.trust.json
#     }
package portcullis.rules.iam.trust_federated

import data.portcullis.lib
import data.portcullis.lib.iam

federated := [[p, s] |
	some [p, s] in iam.trusting
	some who in s.principals
	who.type == "Federated"
]

subjects contains p.address if some [p, _] in federated

# issuers lists whom a statement trusts to say who somebody is. A provider of
# the plan says so by its URL.
issuers(s) := {issuer |
	some who in s.principals
	who.type == "Federated"
	some text in who.identifiers
	issuer := regex.replace(text, `^arn:[^:]*:iam::[^:]*:oidc-provider/`, "")
} | {regex.replace(provider.values.url, `^https://`, "") |
	some who in s.principals
	who.type == "Federated"
	some ref in who.refs
	some i in providers[ref.address]
	provider := input.by_type.aws_iam_openid_connect_provider[i]
}

providers := lib.grouped({[address, i] |
	some i, provider in input.by_type.aws_iam_openid_connect_provider
	some address in {provider.base, provider.config}
})

oidc(issuer) if {
	not contains(issuer, ":saml-provider/")
	not wanted[issuer]
}

# What has to be said: of everybody the audience, of those where everybody can
# get a token the subject too.
wanted := {
	"cognito-identity.amazonaws.com": ["aud"],
	"accounts.google.com": ["aud"],
	"www.amazon.com": ["app_id"],
	"graph.facebook.com": ["app_id"],
}

shared := `^(token\.actions\.githubusercontent\.com|gitlab\.com|app\.terraform\.io|oidc\.circleci\.com/.*|agent\.buildkite\.com|oidc\.vercel\.com.*|api\.bitbucket\.org/.*|[a-z0-9-]+\.ghe\.com.*)$`

claims(issuer) := wanted[issuer]

claims(issuer) := ["sub"] if {
	oidc(issuer)
	regex.match(shared, issuer)
}

# A provider of one's own: the subject or the audience says enough.
claims(issuer) := ["sub|aud"] if {
	oidc(issuer)
	not regex.match(shared, issuer)
}

claims(issuer) := ["saml:aud|saml:sub|saml:iss"] if contains(issuer, ":saml-provider/")

missing contains [i, n, issuer, claim] if {
	some i, [_, s] in federated
	some issuer in issuers(s)
	some n, claim in claims(issuer)
	not said(s, issuer, claim)
}

said(s, issuer, claim) if {
	some one in split(claim, "|")
	some c in s.conditions
	c.variable in {lower(one), lower(concat(":", [issuer, one]))}
	iam.binds(c)
	every text in c.values {
		precise(issuer, one, text)
	}
}

# A subject that begins with a wildcard, or has one in the owner, is everybody's:
# repo:acme* fits repo:acme-evil/x.
precise(_, claim, _) if claim != "sub"

precise(issuer, "sub", _) if not regex.match(shared, issuer)

precise(issuer, "sub", text) if {
	regex.match(shared, issuer)
	not regex.match(`^[*?]|^[a-z_]+:[^:/]*[*?]`, text)
	text != ""
}

deny contains lib.in_policy(p, s, sprintf("of %s nobody has to be anybody: no condition on %s binds", [issuer, replace(claim, "|", " or ")])) if {
	some [i, _, issuer, claim] in missing
	[p, s] := federated[i]
	object.get(s.unknown, "conditions", 0) == 0
}

unknown contains lib.in_policy(p, s, sprintf("which conditions there are for %s is known after apply", [issuer])) if {
	some [i, _, issuer, _] in missing
	[p, s] := federated[i]
	s.unknown.conditions > 0
}

unknown contains lib.in_policy(p, s, "whom the role trusts to say who somebody is is known after apply") if {
	some [p, s] in federated
	some who in s.principals
	who.type == "Federated"
	who.unknown > 0
	count(issuers(s)) == 0
}
