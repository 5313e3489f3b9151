package adapter

import (
	"encoding/json"
	"maps"
)

// MiniStack says of every certificate that its key is RSA_2048, and loses the
// options with which it was requested.
var acmEntries = map[string]entry{
	"RequestCertificate":       (*Adapter).requestCertificate,
	"DescribeCertificate":      (*Adapter).describeCertificate,
	"UpdateCertificateOptions": (*Adapter).updateCertificateOptions,
	"DeleteCertificate":        (*Adapter).deleteCertificate,
}

// certificateFields is the kind in the store: fields of a certificate by its
// ARN.
const certificateFields = "acm certificate"

func (a *Adapter) requestCertificate(c *call) (*answer, error) {
	given := c.forward()
	if !given.ok() {
		return given, nil
	}
	var asked fields
	var made struct{ CertificateArn string }
	if err := json.Unmarshal(c.body, &asked); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(given.body.Bytes(), &made); err != nil {
		return nil, err
	}
	return given, a.kept.put(certificateFields, made.CertificateArn, asked.only([]string{"KeyAlgorithm", "Options"}))
}

func (a *Adapter) describeCertificate(c *call) (*answer, error) {
	given := c.forward()
	if !given.ok() {
		return given, nil
	}
	var found struct{ Certificate fields }
	if err := json.Unmarshal(given.body.Bytes(), &found); err != nil {
		return nil, err
	}
	var arn string
	if err := json.Unmarshal(found.Certificate["CertificateArn"], &arn); err != nil {
		return nil, err
	}
	var lost fields
	if _, err := a.kept.get(certificateFields, arn, &lost); err != nil {
		return nil, err
	}
	maps.Copy(found.Certificate, lost)
	given.replace(mustJSON(found))
	return given, nil
}

// updateCertificateOptions keeps options that replace those of the request.
func (a *Adapter) updateCertificateOptions(c *call) (*answer, error) {
	given := c.forward()
	if !given.ok() {
		return given, nil
	}
	var in struct {
		CertificateArn string
		Options        json.RawMessage
	}
	if err := json.Unmarshal(c.body, &in); err != nil {
		return nil, err
	}
	lost := fields{}
	if _, err := a.kept.get(certificateFields, in.CertificateArn, &lost); err != nil {
		return nil, err
	}
	lost["Options"] = in.Options
	return given, a.kept.put(certificateFields, in.CertificateArn, lost)
}

func (a *Adapter) deleteCertificate(c *call) (*answer, error) {
	given := c.forward()
	if !given.ok() {
		return given, nil
	}
	var in struct{ CertificateArn string }
	if err := json.Unmarshal(c.body, &in); err != nil {
		return nil, err
	}
	return given, a.kept.drop(certificateFields, in.CertificateArn)
}
