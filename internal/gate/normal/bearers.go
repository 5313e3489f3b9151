package normal

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// Bearer is who has rights: a role, user, group or permission set with all of
// its policies, or a policy that nobody in the plan is attached to.
type Bearer struct {
	// Key is the address of the resource, or where that is not in the plan its
	// type and name: aws_iam_role/deploy.
	Key     string `json:"key"`
	Type    string `json:"type"`
	Address string `json:"address,omitempty"`
	// Policies are the places in Document.Policies of those that it bears,
	// itself or by a group.
	Policies []int `json:"policies"`
}

// Attachment is one policy given to one bearer, in whatever way that is written.
type Attachment struct {
	Address string `json:"address"` // of the resource that attaches
	Path    string `json:"path"`    // of the attribute that names the policy
	Bearer  string `json:"bearer"`  // its key
	Type    string `json:"type"`    // the bearer's
	Policy  string `json:"policy,omitempty"`
	// ARN is that of a policy that is not in the plan; with ${} for the
	// partition where only that is known after apply. Neither is set where
	// which policy it is is known after apply.
	ARN string `json:"arn,omitempty"`
}

const (
	iamRole       = "aws_iam_role"
	iamUser       = "aws_iam_user"
	iamGroup      = "aws_iam_group"
	permissionSet = "aws_ssoadmin_permission_set"
)

// inline are the resources that hold one policy of a bearer, and the attribute
// that names the bearer.
var inline = map[string]struct{ bearer, kind string }{
	"aws_iam_role_policy":                       {"role", iamRole},
	"aws_iam_user_policy":                       {"user", iamUser},
	"aws_iam_group_policy":                      {"group", iamGroup},
	"aws_ssoadmin_permission_set_inline_policy": {"permission_set_arn", permissionSet},
}

// attaching are the resources that give policies to bearers: the attribute with
// the policies, and the attributes that name bearers with their types.
var attaching = map[string]struct {
	policies string
	bearers  map[string]string
}{
	iamRole:                                      {"managed_policy_arns", nil}, // to itself
	"aws_iam_role_policy_attachment":             {"policy_arn", map[string]string{"role": iamRole}},
	"aws_iam_user_policy_attachment":             {"policy_arn", map[string]string{"user": iamUser}},
	"aws_iam_group_policy_attachment":            {"policy_arn", map[string]string{"group": iamGroup}},
	"aws_iam_policy_attachment":                  {"policy_arn", map[string]string{"roles": iamRole, "users": iamUser, "groups": iamGroup}},
	"aws_iam_role_policy_attachments_exclusive":  {"policy_arns", map[string]string{"role_name": iamRole}},
	"aws_iam_user_policy_attachments_exclusive":  {"policy_arns", map[string]string{"user_name": iamUser}},
	"aws_iam_group_policy_attachments_exclusive": {"policy_arns", map[string]string{"group_name": iamGroup}},
	"aws_ssoadmin_managed_policy_attachment":     {"managed_policy_arn", map[string]string{"permission_set_arn": permissionSet}},
}

// memberships are the resources that put users in groups.
var memberships = map[string]struct{ users, groups string }{
	"aws_iam_user_group_membership": {"user", "groups"},
	"aws_iam_group_membership":      {"users", "group"},
}

// names are the attributes by which IAM's resources are named elsewhere.
var names = map[string][]string{
	iamRole:          {"name", "id", "arn"},
	iamUser:          {"name", "id", "arn"},
	iamGroup:         {"name", "id", "arn"},
	permissionSet:    {"arn", "id"},
	"aws_iam_policy": {"arn", "id"},
}

// joining are the attributes that say who bears what, by type.
var joining = func() map[string][]string {
	all := map[string][]string{}
	for typ, attributes := range names {
		all[typ] = append(all[typ], attributes...)
	}
	for typ, a := range inline {
		all[typ] = append(all[typ], a.bearer)
	}
	for typ, a := range attaching {
		all[typ] = append(all[typ], a.policies)
		all[typ] = append(all[typ], slices.Collect(maps.Keys(a.bearers))...)
	}
	for typ, m := range memberships {
		all[typ] = append(all[typ], m.users, m.groups)
	}
	return all
}()

// bearers joins policies with who bears them. It runs when the policies are
// gathered.
func (n *normaliser) bearers() {
	n.indexNames()
	d, byKey := n.document, map[string]*Bearer{}
	byPolicy := map[string][]string{} // keys of bearers by the address of a managed policy
	for _, a := range n.attachments() {
		n.bearer(byKey, a.Bearer, a.Type)
		d.Attachments = append(d.Attachments, a)
		if a.Policy != "" {
			byPolicy[a.Policy] = append(byPolicy[a.Policy], a.Bearer)
		}
	}
	for i, p := range d.Policies {
		if p.Kind != identity {
			continue
		}
		r, bearers := d.index[p.Address], byPolicy[p.Address]
		if kind, ok := inline[p.Type]; ok {
			for _, key := range n.named(r, kind.bearer, kind.kind) {
				n.bearer(byKey, key, kind.kind)
				bearers = append(bearers, key)
			}
		}
		if len(bearers) == 0 {
			n.bearer(byKey, p.Address, p.Type)
			bearers = []string{p.Address}
		}
		for _, key := range bearers {
			b := byKey[key]
			b.Policies = append(b.Policies, i)
		}
	}
	n.groups(byKey)
	for _, b := range byKey {
		slices.Sort(b.Policies)
		b.Policies = slices.Compact(b.Policies)
		d.Bearers = append(d.Bearers, b)
	}
	slices.SortFunc(d.Bearers, func(a, b *Bearer) int { return cmp.Compare(a.Key, b.Key) })
}

// bearer makes one where there is none of its key.
func (n *normaliser) bearer(byKey map[string]*Bearer, key, kind string) {
	if byKey[key] != nil {
		return
	}
	b := &Bearer{Key: key, Type: kind, Policies: []int{}}
	if n.document.index[key] != nil {
		b.Address = key
	}
	byKey[key] = b
}

// groups gives users the policies of their groups.
func (n *normaliser) groups(byKey map[string]*Bearer) {
	for kind, m := range memberships {
		for _, r := range n.document.ByType[kind] {
			for _, g := range n.named(r, m.groups, iamGroup) {
				for _, u := range n.named(r, m.users, iamUser) {
					if byKey[g] == nil {
						continue
					}
					n.bearer(byKey, u, iamUser)
					byKey[u].Policies = append(byKey[u].Policies, byKey[g].Policies...)
				}
			}
		}
	}
}

func (n *normaliser) attachments() []Attachment {
	var all []Attachment
	for kind, a := range attaching {
		for _, r := range n.document.ByType[kind] {
			policies := n.attached(r, a.policies)
			add := func(key, kind string) {
				for _, p := range policies {
					p.Bearer, p.Type = key, kind
					all = append(all, p)
				}
			}
			if a.bearers == nil {
				add(r.Address, kind)
			}
			for attribute, kind := range a.bearers {
				for _, key := range n.named(r, attribute, kind) {
					add(key, kind)
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b Attachment) int {
		return cmp.Or(cmp.Compare(a.Address, b.Address), cmp.Compare(a.Bearer, b.Bearer), cmp.Compare(a.Policy, b.Policy), cmp.Compare(a.ARN, b.ARN))
	})
	return all
}

// attached lists the policies that an attribute names.
func (n *normaliser) attached(r *Resource, attribute string) []Attachment {
	var all []Attachment
	add := func(policy, arn string) {
		all = append(all, Attachment{Address: r.Address, Path: attribute, Policy: policy, ARN: arn})
	}
	for _, key := range n.named(r, attribute, "aws_iam_policy") {
		switch name, outside := strings.CutPrefix(key, "aws_iam_policy/"); {
		case strings.HasPrefix(key, unseen):
			add("", ofAWS(r.Templates[attribute]))
		case outside:
			add("", name)
		default:
			add(key, "")
		}
	}
	return all
}

// ofAWS finds the ARN of a policy of AWS's own of which only the partition is not
// known.
func ofAWS(templates []string) string {
	for _, t := range templates {
		if _, name, ok := strings.Cut(t, ":iam::aws:policy/"); ok && !strings.Contains(name, Hole) {
			return t
		}
	}
	return ""
}

// unseen begins the key of something whose name is known after apply and that
// is no resource of the plan's. It holds what names it, so that nobody else has
// the same.
const unseen = "unknown/"

// named lists the resources of a type that an attribute names: by address those
// of the plan, by type and name the others.
func (n *normaliser) named(r *Resource, attribute, kind string) []string {
	all := []string{}
	for _, text := range texts(r.Values[attribute]) {
		if text == "" {
			continue
		}
		if known := n.byName[kind+"/"+text]; known != nil {
			all = append(all, known.Address)
		} else {
			all = append(all, kind+"/"+text)
		}
	}
	if refs, set := nearest(r.Refs, attribute); set && hides(r, attribute) {
		found := false
		for _, ref := range refs {
			if ref.Type != kind || ref.Mode != "managed" {
				continue
			}
			for _, t := range n.instances(ref, r) {
				all, found = append(all, t.Address), true
			}
		}
		if !found {
			all = append(all, unseen+r.Address+"."+attribute)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func (n *normaliser) indexNames() {
	n.byName = map[string]*Resource{}
	for kind, attributes := range names {
		for _, r := range n.document.ByType[kind] {
			for _, attribute := range attributes {
				if name, ok := r.Values[attribute].(string); ok && name != "" {
					n.byName[kind+"/"+name] = r
				}
			}
		}
	}
}

// accounts gathers the account that the plan is for from the ARNs of what is
// there already, and from data "aws_caller_identity".
func (n *normaliser) accounts() {
	found := map[string]bool{}
	for _, r := range n.document.index {
		if r.Mode != "managed" || !strings.HasPrefix(r.Type, "aws_") {
			continue
		}
		arn, _ := r.Values["arn"].(string)
		if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 && len(parts[4]) == 12 {
			found[parts[4]] = true
		}
	}
	for _, r := range n.document.Data["aws_caller_identity"] {
		if id, ok := r.Values["account_id"].(string); ok {
			found[id] = true
		}
	}
	for id := range found {
		n.document.Accounts = append(n.document.Accounts, id)
	}
	slices.Sort(n.document.Accounts)
}
