# What a caller may give and what is refused; see test/inputs.

given = {
  name = "apigateway-logs"
}

refuse "name" {
  values = {
    "empty"          = ""
    "a slash"        = "logs/apigateway"
    "65 letters"     = format("%065d", 0)
    "a space"        = "api gateway"
    "beyond a-z"     = "журнал"
    "a line feed"    = "logs\n"
    "a letter of it" = "lo\u00adgs"
  }
}

accept "name" {
  values = {
    "signs"      = "a_+=,.@-"
    "64 letters" = format("%064d", 0)
  }
}

refuse "permissions_boundary" {
  values = {
    "a role"       = "arn:aws:iam::111122223333:role/boundary"
    "a name"       = "boundary"
    "empty"        = ""
    "a space"      = "arn:aws:iam::111122223333:policy/my boundary"
    "no name"      = "arn:aws:iam::111122223333:policy/"
    "no account"   = "arn:aws:iam:::policy/boundary"
    "another user" = "arn:aws:iam::aws:user/boundary"
  }
}

accept "permissions_boundary" {
  values = {
    "null"   = null
    "a path" = "arn:aws-us-gov:iam::111122223333:policy/teams/boundary"
    "AWS's"  = "arn:aws:iam::aws:policy/PowerUserAccess"
  }
}

refuse "tags" {
  values = {
    "AWS's prefix" = { "Aws:team" = "chat" }
    "a sign"       = { "team*" = "chat" }
    "null"         = { team = null }
    "one in two"   = { team = "chat", Team = "chat" }
  }
}

accept "tags" {
  values = {
    "some" = { team = "chat", "cost centre" = "" }
  }
}
