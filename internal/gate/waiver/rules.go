package waiver

import (
	"maps"
	"slices"
	"strings"

	"github.com/portcullis-chat/portcullis/internal/gate"
)

// Group is the group of the rules about waivers. They cannot be waived.
const Group = "waivers"

const (
	good = `# .portcullis/waivers.yaml
version: 1
waivers:
  - rule: encryption/queue-key
    address: module.jobs.aws_sqs_queue.this
    owner: team-jobs
    reason: The key comes with the move to the new account.
    until: 2026-12-31`
	manual = "https://github.com/portcullis-chat/portcullis/blob/main/docs/gate.md#waivers"
)

// rules are those about waivers, by their name in the group.
var rules = describe()

func entry(rule, address, until string) string {
	return "- rule: " + rule + "\n  address: " + address + "\n  owner: team-jobs\n  reason: The key comes with the move to the new account.\n  until: " + until
}

func describe() map[string]*gate.Rule {
	const queue, key = "module.jobs.aws_sqs_queue.this", "encryption/queue-key"
	all := map[string]*gate.Rule{}
	rule := func(name, title, why string, severity gate.Severity, remediation, bad string) {
		all[name] = &gate.Rule{
			ID: Group + "/" + name, Title: title, Why: why, Severity: severity, Remediation: remediation,
			References: []string{manual}, Mappings: map[string][]string{}, Types: []string{}, Good: good, Bad: bad,
		}
	}
	rule("malformed", "Waivers can be read", "A waiver that cannot be read waives nothing; whoever wrote it believes that it does.",
		gate.Medium, "Write the waiver as in the good example, or beside the resource as # portcullis:waive RULE until=2026-12-31 owner=me reason=\"why\".",
		entry(key, queue, "soon"))
	rule("unknown-rule", "Waivers name a rule that there is", "A waiver of a rule that does not exist waives nothing, and would begin to waive unseen if a rule got that name.",
		gate.Medium, "Correct the id (portcullis gate rules lists them), load the rules of your own with --policy, or remove the waiver.",
		entry("encryption/queue", queue, "2026-12-31"))
	rule("too-broad", "Waivers say what they are about", "A pattern that fits whole kinds of resources waives findings that nobody has seen yet.",
		gate.High, "Name the resource, or at least its module: module.jobs.*, aws_sqs_queue.jobs[*].",
		entry(key, `"*"`, "2026-12-31"))
	rule("too-long", "Waivers end within the time that the pipeline allows", "A waiver without a near end is a decision that nobody makes again.",
		gate.Medium, "Set until to a nearer day; --max-waiver-days is the pipeline's to choose. The waiver does not count until then.",
		entry(key, queue, "2099-12-31"))
	rule("expired", "Waivers are not past their last day", "What the waiver was for is back among the findings, or was mended long ago.",
		gate.Medium, "Mend the finding and remove the waiver; where it has to stand longer, its owner sets another day.",
		entry(key, queue, "2020-12-31"))
	rule("unused", "Waivers cover a finding", "A waiver that covers nothing would let the finding come back unseen.",
		gate.Low, "Remove the waiver, or correct its address if it is meant for another resource.",
		entry(key, "aws_sqs_queue.gone", "2026-12-31"))
	rule("expires-soon", "Waivers do not end within two weeks", "On the day after the last the findings are back and the pipeline stops. This warning never makes the gate fail.",
		gate.Low, "Mend the finding now; where it has to stand longer, its owner sets another day.",
		entry(key, queue, "the day after tomorrow"))
	rule("changed", "Waivers are those of the base", "Whoever reviews a change should see which findings it waives. This warning never makes the gate fail, and is given with --waivers-base only.",
		gate.Low, "Nothing, if the owner and the reason convince you.",
		"+ "+strings.ReplaceAll(entry(key, queue, "2026-12-31"), "\n", "\n+ "))
	return all
}

// Rules are the rules about waivers, by id.
func Rules() []*gate.Rule {
	var all []*gate.Rule
	for _, name := range slices.Sorted(maps.Keys(rules)) {
		all = append(all, rules[name])
	}
	return all
}
