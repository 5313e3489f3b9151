# METADATA
# title: A module from elsewhere stays as it was reviewed
# description: |
#   Without a version the next init takes what its owner, or who has taken over
#   the owner's account, has put there since. The lock file has the sums of
#   providers, not of modules; a branch and a tag can be moved.
# related_resources:
# - https://developer.hashicorp.com/terraform/language/modules/sources
# - https://developer.hashicorp.com/terraform/language/block/module#version
# - https://developer.hashicorp.com/terraform/language/files/dependency-lock
# custom:
#   severity: medium
#   remediation: Name the whole commit (?ref=<40 digits>) of a module from Git, or the one version of a module from a registry.
#   types: [module]
#   mappings:
#     checkov: [CKV_TF_1, CKV_TF_2]
#   good: |
#     module "queue" {
#       source = "git::https://git.example.com/queue.git?ref=4f2c7d1e9a0b3c5d7e9f1a2b3c4d5e6f7a8b9c0d"
#     }
#     module "vpc" {
#       source  = "terraform-aws-modules/vpc/aws"
#       version = "5.21.0"
#     }
#   bad: |
#     module "queue" {
#       source = "git::https://git.example.com/queue.git"
#     }
#     module "vpc" {
#       source  = "terraform-aws-modules/vpc/aws"
#       version = "~> 5.0"
#     }
package portcullis.rules.configuration.module_version

import data.portcullis.lib

# Modules in the same repository have its version.
elsewhere contains c if {
	some c in input.calls
	not regex.match(`^([.]{1,2}/|/)`, c.values.source)
}

subjects contains c.address if some c in elsewhere

# [host/]namespace/name/provider, of letters, digits, - and _.
registry(c) if regex.match(`^([a-z0-9.-]+[.][a-z]+(:[0-9]+)?/)?[0-9A-Za-z_-]+/[0-9A-Za-z_-]+/[0-9a-z]+(//.*)?$`, c.values.source)

# An archive: over HTTP, from S3 or from Google's storage.
archive(c) if {
	regex.match(`^((s3|gcs)::|https?://)`, c.values.source)
	not from_git(c)
}

from_git(c) if regex.match(`^(git::|git@|(https?://)?(github[.]com|bitbucket[.]org)/)|[.]git([/?]|$)`, c.values.source)

# parameter is one behind the source's question mark.
parameter(c, names) := [value |
	some pair in split(split(c.values.source, "?")[1], "&")
	[name, value] := split(pair, "=")
	name in names
][0]

deny contains lib.finding(c, ["source"], "no version is named: the next init takes what is there then") if {
	some c in elsewhere
	registry(c)
	not c.values.version
}

deny contains lib.finding(c, ["version"], sprintf("%s fits several versions, and the next init takes the newest", [c.values.version])) if {
	some c in elsewhere
	registry(c)
	not regex.match(`^=? *v?[0-9]+[.][0-9]+[.][0-9]+(-[0-9A-Za-z.-]+)?$`, c.values.version)
}

cloned(c) if {
	not registry(c)
	not archive(c)
}

deny contains lib.finding(c, ["source"], "no commit is named: the next init takes what is there then") if {
	some c in elsewhere
	cloned(c)
	not parameter(c, {"ref", "rev"})
}

deny contains lib.finding(c, ["source"], sprintf("%s is no commit: a tag and a branch can be moved", [ref])) if {
	some c in elsewhere
	cloned(c)
	ref := parameter(c, {"ref", "rev"})
	not regex.match(`^[0-9a-f]{7,64}$`, ref)
}

unknown contains lib.finding(c, ["source"], sprintf("%s may be the beginning of a commit, or a branch", [ref])) if {
	some c in elsewhere
	cloned(c)
	ref := parameter(c, {"ref", "rev"})
	regex.match(`^[0-9a-f]{7,39}$`, ref)
}

unknown contains lib.finding(c, ["source"], "whether the archive stays as it is cannot be seen without checksum") if {
	some c in elsewhere
	archive(c)
	not parameter(c, {"checksum", "versionId", "version"})
}
