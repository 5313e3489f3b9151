variable "stage" {
  type = string
}

variable "note" {
  type = string
}

variable "hushed" {
  type      = string
  sensitive = true
}

output "stage" {
  value = var.stage
}

output "note" {
  value = var.note
}

output "hushed" {
  value = var.hushed
}

output "marked" {
  value     = "correct-output"
  sensitive = true
}
