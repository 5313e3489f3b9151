# The rules of the ruleset that tflint carries itself; no plugin is downloaded.
plugin "terraform" {
  enabled = true
  preset  = "all"
}

rule "terraform_naming_convention" {
  enabled = true
  format  = "snake_case"
}

# Each file of a module has one job: main.tf, variables.tf, outputs.tf, versions.tf.
rule "terraform_standard_module_structure" {
  enabled = true
}
