package portcullis.rules.configuration.module_version_test

import data.portcullis.rules.configuration.module_version

# A registry and a web server are more than a fixture can have.
verdict(values) := "fail" if {
	count(module_version.deny) > 0 with input as plan(values)
} else := "unknown" if {
	count(module_version.unknown) > 0 with input as plan(values)
} else := "pass" if {
	count(module_version.subjects) > 0 with input as plan(values)
} else := "none"

plan(values) := {"calls": [{"address": "module.m", "values": values, "unknown": {}, "refs": {}}]}

test_sources[source] if {
	some source, wanted in {
		"terraform-aws-modules/vpc/aws": "fail",
		"app.terraform.io/example/k8s/azurerm//modules/a": "fail",
		"localhost.local:8080/a/b/c": "fail",
		"github.com/a/b": "fail",
		"git@github.com:a/b.git": "fail",
		"https://example.com/a.git?ref=main": "fail",
		"hg::https://example.com/a?rev=4f2c7d1e9a0b3c5d7e9f1a2b3c4d5e6f7a8b9c0d": "pass",
		"git::ssh://git@example.com/a.git?depth=1&ref=4f2c7d1e9a0b3c5d7e9f1a2b3c4d5e6f7a8b9c0d": "pass",
		"https://example.com/a.zip": "unknown",
		"https://example.com/a.zip?checksum=sha256:1": "pass",
		"https://example.com/a.zip?checksum=sha256:1&ref=main": "pass",
		"https://example.com/a.zip?checksum=sha256:1&ref=58a1ed605d72": "pass",
		"s3::https://s3-eu-west-1.amazonaws.com/a/b.zip": "unknown",
		"../a": "none",
		"./a": "none",
		"/a": "none",
	}
	verdict({"source": source}) == wanted
}

test_versions[version] if {
	some version, wanted in {
		"1.2.3": "pass",
		"= 1.2.3": "pass",
		"1.2.3-rc.1": "pass",
		"1.2": "fail",
		"~> 1.2.3": "fail",
		">= 1.2.3, < 2.0.0": "fail",
		"!= 1.2.3": "fail",
	}
	verdict({"source": "a/b/aws", "version": version}) == wanted
}
