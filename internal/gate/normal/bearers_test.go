package normal

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/portcullis-chat/portcullis/internal/gate/plan"
)

// inShort is a plan of resources that are all there already, in short:
// "type.name {values}". What refs name is unknown, and set from there.
func inShort(t *testing.T, resources map[string]string, refs map[string]string, prior string) *Document {
	t.Helper()
	var changes, config []string
	for address, values := range resources {
		kind, name, _ := strings.Cut(address, ".")
		unknown, expressions := []string{}, []string{}
		for at, ref := range refs {
			if of, attribute, _ := strings.Cut(at, " "); of == address {
				unknown = append(unknown, fmt.Sprintf("%q:true", attribute))
				expressions = append(expressions, fmt.Sprintf("%q:{\"references\":[%q]}", attribute, ref))
			}
		}
		changes = append(changes, fmt.Sprintf(`{"address":%q,"mode":"managed","type":%q,"name":%q,"change":{"actions":["no-op"],"after":%s,"after_unknown":{%s}}}`,
			address, kind, name, values, strings.Join(unknown, ",")))
		config = append(config, fmt.Sprintf(`{"mode":"managed","type":%q,"name":%q,"expressions":{%s}}`, kind, name, strings.Join(expressions, ",")))
	}
	body := fmt.Sprintf(`{"format_version":"1.2","prior_state":{"values":{"root_module":{"resources":[%s]}}},"configuration":{"root_module":{"resources":[%s]}},"resource_changes":[%s]}`,
		prior, strings.Join(config, ","), strings.Join(changes, ","))
	in, err := plan.Read(t.Context(), plan.Options{Path: "-", Stdin: strings.NewReader(body)})
	if err != nil {
		t.Fatal(err)
	}
	d, err := New(in, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const grant = `"policy":"{\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"s3:GetObject\",\"Resource\":\"*\"}}"`

// borne lists the addresses of the policies of a bearer.
func borne(d *Document, key string) string {
	for _, b := range d.Bearers {
		if b.Key != key {
			continue
		}
		var all []string
		for _, i := range b.Policies {
			all = append(all, d.Policies[i].Address)
		}
		return strings.Join(all, " ")
	}
	return "nobody"
}

func TestEachSpellingOfAnAttachmentLeadsToTheSameBearer(t *testing.T) {
	const arn = `arn:aws:iam::111122223333:policy/p`
	for name, attach := range map[string]struct {
		kind, values string
		refs         map[string]string
	}{
		"by name and ARN":     {"aws_iam_role_policy_attachment", `{"role":"r","policy_arn":"` + arn + `"}`, nil},
		"by reference":        {"aws_iam_role_policy_attachment", `{}`, map[string]string{"x role": "aws_iam_role.r.name", "x policy_arn": "aws_iam_policy.p.arn"}},
		"to many":             {"aws_iam_policy_attachment", `{"roles":["other","r"],"policy_arn":"` + arn + `"}`, nil},
		"exclusively":         {"aws_iam_role_policy_attachments_exclusive", `{"role_name":"r","policy_arns":["` + arn + `"]}`, nil},
		"of the role's own":   {"", `{"name":"r","managed_policy_arns":["` + arn + `"]}`, nil},
		"own, by reference":   {"", `{"name":"r"}`, map[string]string{"aws_iam_role.r managed_policy_arns": "aws_iam_policy.p.arn"}},
		"by the role's ARN":   {"aws_iam_role_policy_attachment", `{"role":"arn:aws:iam::1:role/r","policy_arn":"` + arn + `"}`, nil},
		"both, one by itself": {"aws_iam_role_policy_attachment", `{"role":"r"}`, map[string]string{"x policy_arn": "aws_iam_policy.p.id"}},
	} {
		t.Run(name, func(t *testing.T) {
			resources := map[string]string{
				"aws_iam_role.r":        `{"name":"r","arn":"arn:aws:iam::1:role/r"}`,
				"aws_iam_policy.p":      `{"arn":"` + arn + `",` + grant + `}`,
				"aws_iam_role_policy.i": `{"role":"r",` + grant + `}`,
			}
			refs := map[string]string{}
			for at, ref := range attach.refs {
				refs[strings.Replace(at, "x ", attach.kind+".x ", 1)] = ref
			}
			if attach.kind == "" {
				resources["aws_iam_role.r"] = attach.values
			} else {
				resources[attach.kind+".x"] = attach.values
			}
			d := inShort(t, resources, refs, "")
			if got := borne(d, "aws_iam_role.r"); got != "aws_iam_policy.p aws_iam_role_policy.i" {
				t.Errorf("%s: the role has %q", name, got)
			}
			if !slices.ContainsFunc(d.Attachments, func(a Attachment) bool {
				return a.Bearer == "aws_iam_role.r" && a.Policy == "aws_iam_policy.p" && a.Type == "aws_iam_role" && a.ARN == ""
			}) {
				t.Errorf("%s: attachments %v", name, d.Attachments)
			}
		})
	}
}

func TestWhoIsNotInThePlanIsABearerByName(t *testing.T) {
	d := inShort(t, map[string]string{
		"aws_iam_user_policy.a":            `{"user":"u",` + grant + `}`,
		"aws_iam_user_policy.b":            `{"user":"u",` + grant + `}`,
		"aws_iam_policy.alone":             `{` + grant + `}`,
		"aws_iam_role_policy.later":        `{` + grant + `}`,
		"aws_iam_role_policy_attachment.l": `{"role":"r"}`,
		"terraform_data.x":                 `{}`,
	}, map[string]string{"aws_iam_role_policy.later role": "terraform_data.x.output", "aws_iam_role_policy_attachment.l policy_arn": "terraform_data.x.output"}, "")
	for key, want := range map[string]string{
		"aws_iam_user/u":                         "aws_iam_user_policy.a aws_iam_user_policy.b",
		"aws_iam_policy.alone":                   "aws_iam_policy.alone",
		"unknown/aws_iam_role_policy.later.role": "aws_iam_role_policy.later",
		"aws_iam_role/r":                         "",
	} {
		if got := borne(d, key); got != want {
			t.Errorf("%s has %q, want %q", key, got, want)
		}
	}
	if len(d.Attachments) != 1 || d.Attachments[0].Policy+d.Attachments[0].ARN != "" {
		t.Errorf("attachments %v", d.Attachments)
	}
}

func TestUsersHaveTheRightsOfTheirGroups(t *testing.T) {
	for kind, values := range map[string]string{
		"aws_iam_user_group_membership": `{"user":"u","groups":["other","g"]}`,
		"aws_iam_group_membership":      `{"users":["u"],"group":"g"}`,
	} {
		d := inShort(t, map[string]string{
			"aws_iam_user.u":         `{"name":"u"}`,
			"aws_iam_group_policy.p": `{"group":"g",` + grant + `}`,
			kind + ".m":              values,
		}, nil, "")
		if got := borne(d, "aws_iam_user.u"); got != "aws_iam_group_policy.p" {
			t.Errorf("%s: the user has %q", kind, got)
		}
	}
}

func TestTheAccountIsThatOfWhatIsThereAlreadyOrOfTheCaller(t *testing.T) {
	d := inShort(t, map[string]string{
		"aws_sqs_queue.q":  `{"arn":"arn:aws:sqs:eu-west-1:111122223333:q"}`,
		"aws_s3_bucket.b":  `{"arn":"arn:aws:s3:::b"}`,
		"other_thing.x":    `{"arn":"arn:aws:sqs:eu-west-1:999900001111:q"}`,
		"aws_iam_policy.p": `{"arn":"arn:aws:iam::aws:policy/p",` + grant + `}`,
	}, nil, `{"address":"data.aws_caller_identity.c","mode":"data","type":"aws_caller_identity","name":"c","values":{"account_id":"444455556666"}}`)
	if got, _ := json.Marshal(d.Accounts); string(got) != `["111122223333","444455556666"]` {
		t.Errorf("accounts %s", got)
	}
}
