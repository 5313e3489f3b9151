package adapter

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/portcullis-chat/portcullis/internal/localaws/edge"
)

// MiniStack has no logging configurations, loses some fields of web ACLs, rule
// groups and IP sets, and takes rules that AWS refuses.
var wafEntries = map[string]entry{
	"CreateWebACL":               (*Adapter).createWAF,
	"CreateRuleGroup":            (*Adapter).createWAF,
	"UpdateWebACL":               (*Adapter).updateWAF,
	"UpdateRuleGroup":            (*Adapter).updateWAF,
	"UpdateIPSet":                (*Adapter).updateWAF,
	"GetWebACL":                  (*Adapter).getWAF,
	"GetWebACLForResource":       (*Adapter).getWAF,
	"GetRuleGroup":               (*Adapter).getWAF,
	"GetIPSet":                   (*Adapter).getWAF,
	"DeleteWebACL":               (*Adapter).deleteWAF,
	"DeleteRuleGroup":            (*Adapter).deleteWAF,
	"DeleteIPSet":                (*Adapter).deleteWAF,
	"PutLoggingConfiguration":    (*Adapter).putWAFLogging,
	"GetLoggingConfiguration":    (*Adapter).getWAFLogging,
	"ListLoggingConfigurations":  (*Adapter).listWAFLogging,
	"DeleteLoggingConfiguration": (*Adapter).deleteWAFLogging,
}

// The kinds in the store: fields of web ACLs, rule groups and IP sets by their
// id, and logging configurations by the web ACL's ARN.
const (
	wafFields  = "wafv2 web ACL"
	wafLogging = "wafv2 logging configuration"
)

// lostWAFFields are the members that MiniStack does not keep, or not when they
// change.
var lostWAFFields = []string{
	"ApplicationConfig", "AssociationConfig", "CaptchaConfig", "ChallengeConfig", "CustomResponseBodies", "DataProtectionConfig",
	"Description", "OnSourceDDoSProtectionConfig", "TokenDomains",
}

// fields is a JSON object of which the values are left as they are.
type fields map[string]json.RawMessage

// only returns those of the named members that an object has.
func (f fields) only(names []string) fields {
	some := fields{}
	for _, name := range names {
		if value, ok := f[name]; ok && string(value) != "null" {
			some[name] = value
		}
	}
	return some
}

func (a *Adapter) createWAF(c *call) (*answer, error) {
	return a.putWAF(c, func(given *answer) (id string, err error) {
		var created struct{ Summary struct{ ID string } }
		err = json.Unmarshal(given.body.Bytes(), &created)
		return created.Summary.ID, err
	})
}

func (a *Adapter) updateWAF(c *call) (*answer, error) {
	return a.putWAF(c, func(*answer) (id string, err error) {
		var update struct{ ID string }
		err = json.Unmarshal(c.body, &update)
		return update.ID, err
	})
}

// putWAF forwards a request that makes or changes something, and keeps what it
// says of the fields that MiniStack loses. An update replaces all of them, and
// all rules: MiniStack keeps the old ones where there are none.
func (a *Adapter) putWAF(c *call, idOf func(given *answer) (string, error)) (*answer, error) {
	var all fields
	var rules []struct {
		Name     string
		Priority int
	}
	if err := json.Unmarshal(c.body, &all); err != nil {
		return c.refuse("SerializationException", err.Error()), nil
	}
	if document, ok := all["Rules"]; ok {
		if err := json.Unmarshal(document, &rules); err != nil {
			return c.refuse("SerializationException", err.Error()), nil
		}
	}
	names, priorities := map[string]bool{}, map[int]bool{}
	for _, rule := range rules {
		if names[rule.Name] {
			return invalidWAF(c, "Two rules have the name "+rule.Name, "RULE", rule.Name), nil
		}
		if priorities[rule.Priority] {
			return invalidWAF(c, "Two rules have the priority "+strconv.Itoa(rule.Priority), "RULE", rule.Name), nil
		}
		names[rule.Name], priorities[rule.Priority] = true, true
	}
	given := c.forward()
	if !given.ok() {
		return given, nil
	}
	id, err := idOf(given)
	if err != nil {
		return nil, err
	}
	lost := all.only(lostWAFFields)
	if len(rules) == 0 && c.Operation != "UpdateIPSet" {
		lost["Rules"] = json.RawMessage("[]")
	}
	return given, a.kept.put(wafFields, id, lost)
}

// invalidWAF refuses a parameter as AWS WAF does; the reason is in words of the
// local stack.
func invalidWAF(c *call, reason, field, parameter string) *answer {
	return c.refuse("WAFInvalidParameterException", "Error reason: "+reason+", field: "+field+", parameter: "+parameter)
}

func (a *Adapter) getWAF(c *call) (*answer, error) {
	given := c.forward()
	if !given.ok() {
		return given, nil
	}
	var found fields
	if err := json.Unmarshal(given.body.Bytes(), &found); err != nil {
		return nil, err
	}
	for _, member := range []string{"WebACL", "RuleGroup", "IPSet"} {
		document, ok := found[member]
		if !ok {
			continue
		}
		var resource, lost fields
		if err := json.Unmarshal(document, &resource); err != nil || resource == nil {
			return given, err
		}
		var id string
		if err := json.Unmarshal(resource["Id"], &id); err != nil {
			return nil, err
		}
		if _, err := a.kept.get(wafFields, id, &lost); err != nil {
			return nil, err
		}
		maps.Copy(resource, lost)
		found[member] = mustJSON(resource)
	}
	given.replace(mustJSON(found))
	return given, nil
}

func (a *Adapter) deleteWAF(c *call) (*answer, error) {
	given := c.forward()
	if !given.ok() {
		return given, nil
	}
	var deleted struct{ ID string }
	if err := json.Unmarshal(c.body, &deleted); err != nil {
		return nil, err
	}
	for arn := range a.kept.list(wafLogging) {
		if strings.HasSuffix(arn, "/"+deleted.ID) {
			if err := a.kept.drop(wafLogging, arn); err != nil {
				return nil, err
			}
		}
	}
	return given, a.kept.drop(wafFields, deleted.ID)
}

var (
	webACLARN = regexp.MustCompile(`\Aarn:aws:wafv2:([a-z0-9-]+):\d{12}:(global|regional)/webacl/([\w-]+)/([0-9a-f-]+)\z`)

	// wafDestination is what a log may go to. Names have to begin with
	// aws-waf-logs- (WAF developer guide, "Logging web ACL traffic").
	wafDestination = regexp.MustCompile(`\Aarn:aws:(logs|firehose|s3):([a-z0-9-]*):\d{0,12}:(?:log-group:|deliverystream/)?(aws-waf-logs-[^:/]*)(:\*)?\z`)
)

// redactable are the parts of a request that a log can leave out.
var redactable = []string{"SingleHeader", "UriPath", "QueryString", "Method"}

// loggingConfiguration is what is looked at of one.
type loggingConfiguration struct {
	ResourceArn           string
	LogDestinationConfigs []string
	RedactedFields        []fields
}

func (a *Adapter) putWAFLogging(c *call) (*answer, error) {
	var in struct{ LoggingConfiguration fields }
	var wanted struct{ LoggingConfiguration loggingConfiguration }
	if err := errors.Join(json.Unmarshal(c.body, &in), json.Unmarshal(c.body, &wanted)); err != nil {
		return c.refuse("SerializationException", err.Error()), nil
	}
	if denied, err := a.mayLogWAF(c, wanted.LoggingConfiguration.ResourceArn); denied != nil || err != nil {
		return denied, err
	}
	if refused, err := a.checkWAFLogging(c, wanted.LoggingConfiguration); refused != nil || err != nil {
		return refused, err
	}
	configuration := fields{"LogType": json.RawMessage(`"WAF_LOGS"`), "LogScope": json.RawMessage(`"CUSTOMER"`), "ManagedByFirewallManager": json.RawMessage(`false`)}
	maps.Copy(configuration, in.LoggingConfiguration.only([]string{"ResourceArn", "LogDestinationConfigs", "RedactedFields", "LoggingFilter"}))
	if err := a.kept.put(wafLogging, wanted.LoggingConfiguration.ResourceArn, configuration); err != nil {
		return nil, err
	}
	return jsonAnswer(fields{"LoggingConfiguration": mustJSON(configuration)}), nil
}

// mayLogWAF lets MiniStack judge whether the caller may call an operation on the
// web ACL. MiniStack has none of these operations and says so, but only to who
// may call them.
func (a *Adapter) mayLogWAF(c *call, arn string) (denied *answer, err error) {
	instead := map[string]string{}
	if arn != "" {
		instead["ARN"] = arn
	}
	return a.emulator.judge(c, instead, func(code string) bool { return code == "InvalidAction" })
}

// checkWAFLogging makes the refusals that AWS makes.
func (a *Adapter) checkWAFLogging(c *call, wanted loggingConfiguration) (*answer, error) {
	if missing, err := a.webACLMissing(c, wanted.ResourceArn); missing != nil || err != nil {
		return missing, err
	}
	if len(wanted.LogDestinationConfigs) != 1 {
		return invalidWAF(c, "You must specify exactly one log destination", "LOG_DESTINATION", strings.Join(wanted.LogDestinationConfigs, ",")), nil
	}
	destination := wanted.LogDestinationConfigs[0]
	found := wafDestination.FindStringSubmatch(destination)
	if found == nil {
		return invalidWAF(c, "The ARN isn't valid. A valid ARN begins with arn: and includes other information separated by colons or slashes.", "LOG_DESTINATION", destination), nil
	}
	if found[1] != "logs" {
		return refusal(c.request, c.Call, 501, notServed, "not served by the local stack: logs of a web ACL to "+found[1]+"; a log group is"), nil
	}
	exists, err := a.logGroupExists(c.request.Context(), found[2], found[3])
	if err != nil {
		return nil, err
	}
	if found[2] != c.Region || !exists {
		return invalidWAF(c, "The log group doesn't exist in the Region of the web ACL", "LOG_DESTINATION", destination), nil
	}
	for _, field := range wanted.RedactedFields {
		if len(field) != 1 || len(field.only(redactable)) != 1 {
			return invalidWAF(c, "You can redact only SingleHeader, UriPath, QueryString and Method", "FIELD_TO_MATCH", string(mustJSON(field))), nil
		}
	}
	return nil, nil
}

// webACLMissing answers for a web ACL that is not there.
func (a *Adapter) webACLMissing(c *call, arn string) (*answer, error) {
	missing := noWAFResource(c)
	found := webACLARN.FindStringSubmatch(arn)
	if found == nil || found[1] != c.Region {
		return missing, nil
	}
	scope := "REGIONAL"
	if found[2] == "global" {
		scope = "CLOUDFRONT"
	}
	var acl struct{ WebACL struct{ ARN string } }
	err := a.emulator.ask(c.request.Context(), "wafv2", c.Region, "AWSWAF_20190729.GetWebACL",
		map[string]string{"Id": found[4], "Name": found[3], "Scope": scope}, &acl)
	var refused *apiError
	if errors.As(err, &refused) || err == nil && acl.WebACL.ARN != arn {
		return missing, nil
	}
	return nil, err
}

func (a *Adapter) logGroupExists(ctx context.Context, region, name string) (bool, error) {
	var found struct {
		LogGroups []struct{ LogGroupName string }
	}
	err := a.emulator.ask(ctx, "logs", region, "Logs_20140328.DescribeLogGroups", map[string]string{"logGroupNamePrefix": name}, &found)
	if err != nil {
		return false, err
	}
	for _, group := range found.LogGroups {
		if group.LogGroupName == name {
			return true, nil
		}
	}
	return false, nil
}

// noWAFResource is AWS's answer for a web ACL or a logging configuration that is
// not there.
func noWAFResource(c *call) *answer {
	return c.refuse("WAFNonexistentItemException", "AWS WAF couldn’t perform the operation because your resource doesn’t exist.")
}

func (a *Adapter) getWAFLogging(c *call) (*answer, error) {
	arn, denied, err := a.wafLoggingOf(c)
	if denied != nil || err != nil {
		return denied, err
	}
	var configuration fields
	found, err := a.kept.get(wafLogging, arn, &configuration)
	if err != nil {
		return nil, err
	}
	if !found {
		return noWAFResource(c), nil
	}
	return jsonAnswer(fields{"LoggingConfiguration": mustJSON(configuration)}), nil
}

func (a *Adapter) deleteWAFLogging(c *call) (*answer, error) {
	arn, denied, err := a.wafLoggingOf(c)
	if denied != nil || err != nil {
		return denied, err
	}
	if found, err := a.kept.get(wafLogging, arn, &fields{}); !found || err != nil {
		return noWAFResource(c), err
	}
	return jsonAnswer(fields{}), a.kept.drop(wafLogging, arn)
}

// wafLoggingOf reads which web ACL a request is about and lets MiniStack judge
// it.
func (a *Adapter) wafLoggingOf(c *call) (arn string, denied *answer, err error) {
	var in struct{ ResourceArn string }
	if err := json.Unmarshal(c.body, &in); err != nil {
		return "", c.refuse("SerializationException", err.Error()), nil
	}
	denied, err = a.mayLogWAF(c, in.ResourceArn)
	return in.ResourceArn, denied, err
}

func (a *Adapter) listWAFLogging(c *call) (*answer, error) {
	var in struct {
		Scope      string
		Limit      int
		NextMarker string
	}
	if err := json.Unmarshal(c.body, &in); err != nil {
		return c.refuse("SerializationException", err.Error()), nil
	}
	if denied, err := a.mayLogWAF(c, ""); denied != nil || err != nil {
		return denied, err
	}
	segment := map[string]string{"CLOUDFRONT": "global", "REGIONAL": "regional"}[in.Scope]
	kept := a.kept.list(wafLogging)
	list, last := []json.RawMessage{}, ""
	out := fields{}
	for _, arn := range slices.Sorted(maps.Keys(kept)) {
		found := webACLARN.FindStringSubmatch(arn)
		if found[1] != c.Region || found[2] != segment || arn <= in.NextMarker {
			continue
		}
		if in.Limit > 0 && len(list) == in.Limit {
			out["NextMarker"] = mustJSON(last)
			break
		}
		list, last = append(list, kept[arn]), arn
	}
	out["LoggingConfigurations"] = mustJSON(list)
	return jsonAnswer(out), nil
}

// WebACL gives other parts of the stack what MiniStack loses of a web ACL or of a
// rule group.
func (a *Adapter) WebACL(arn string) (edge.WebACL, error) {
	acl := edge.WebACL{Fields: map[string]json.RawMessage{}, Logging: a.kept.list(wafLogging)[arn]}
	_, err := a.kept.get(wafFields, arn[strings.LastIndex(arn, "/")+1:], &acl.Fields)
	return acl, err
}
