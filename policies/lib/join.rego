# METADATA
# title: Helper for rules that look for a companion of a resource
# description: A companion that may belong to several resources proves nothing of one.
package portcullis.lib.join

import data.portcullis.lib

# linked is true if an attribute of r names target, "unknown" if it may, else false.
linked(r, path, target) if {
	lib.points_to(r, path, target)
	every ref in lib.refs(r, path) {
		ref.address in {target.base, target.config}
	}
} else := "unknown" if {
	lib.points_to(r, path, target)
} else := "unknown" if {
	lib.value(r, path) == null
	some ref in lib.refs(r, path)
	not ref.type
} else := false
