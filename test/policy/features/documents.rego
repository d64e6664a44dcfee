package features.documents

import rego.v1

import data.features.helpers

# METADATA
# title: Schemas
# custom:
#   short_name: schemas
deny contains {"code": "documents.schemas", "msg": sprintf("%s: %s", [error.field, error.desc]), "error": error} if {
	[is_valid, _] := json.verify_schema(helpers.schema)
	is_valid
	some document in input.documents
	[matches, errors] := json.match_schema(document, helpers.schema)
	not matches
	some error in errors
}

warn contains {"code": "documents.not_a_schema", "msg": error} if {
	[is_valid, error] := json.verify_schema({"type": "nothing"})
	not is_valid
}

# METADATA
# title: Times
# custom:
#   short_name: times
deny contains {"code": "documents.times", "msg": time.format([later, "UTC", "2006-01-02T15:04:05Z07:00"]), "facts": facts} if {
	instant := time.parse_rfc3339_ns(input.instant)
	later := time.add_date(instant, 0, 1, 30)
	facts := [
		instant, later, time.weekday(instant), time.parse_ns("2006-01-02", "2024-02-29"),
		time.now_ns() > instant, data.config.policy.when_ns > instant,
		semver.is_valid("1.2.3-rc.1+build"), semver.is_valid("v1.2.3"), semver.compare("1.2.3-rc.1", "1.2.3"),
		time.format([instant, "Europe/Amsterdam", "Mon Jan _2 15:04:05 MST 2006"]),
	]
}

# METADATA
# title: Certificates
# custom:
#   short_name: certificates
deny contains {"code": "documents.certificates", "msg": certificate.Subject.CommonName, "uris": certificate.URIStrings} if {
	some certificate in crypto.x509.parse_certificates(input.certificate)
	print("looked at", certificate.SerialNumber)
	trace("looked")
}

# METADATA
# title: Packages
# custom:
#   short_name: packages
deny contains {"code": "documents.packages", "msg": purl, "parsed": ec.purl.parse(purl)} if {
	some purl in input.purls
	ec.purl.is_valid(purl)
}

warn contains {"code": "documents.no_package", "msg": purl} if {
	some purl in input.purls
	not ec.purl.parse(purl)
}

# METADATA
# title: Images
# custom:
#   short_name: images
deny contains {"code": "documents.images", "msg": manifest.mediaType, "layers": layers} if {
	some reference, manifest in ec.oci.image_manifests({input.image.ref, input.missing.ref})
	layers := [layer.digest | some layer in manifest.layers]
	count(ec.oci.image_tag_refs(reference)) >= 0
	not ec.oci.image_manifest(input.missing.ref)
	ec.oci.descriptor(reference).size > 0
}

exception contains rules if rules := ["old"]

deny_old contains {"code": "documents.old", "msg": "excepted"}

violation_new contains "a plain text"
