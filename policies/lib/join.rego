# METADATA
# title: Helper for rules that look for a companion of a resource
# description: A companion that may belong to several resources proves nothing of one.
package portcullis.lib.join

import data.portcullis.lib

# linked is true if an attribute of r names target, "unknown" if it may name
# another one.
linked(r, path, target) if {
	lib.points_to(r, path, target)
	every ref in lib.refs(r, path) {
		ref.address in {target.base, target.config}
	}
} else := "unknown" if {
	lib.points_to(r, path, target)
}

# links tells, of the resources of a type that name target at a path or may name
# it, whether they do.
links(target, type, path) := {linked(r, path, target) | some r in lib.companions(target, type, path)} | open(type, path)

# open has "unknown" if what a resource of a type names is not known at all.
open(type, path) := {"unknown" |
	some r in input.by_type[type]
	lib.value(r, path) == null
	some ref in lib.refs(r, path)
	not ref.type
}
