# The production variant: every switch of this example, on. Yours go in the place
# of example.com, the account 111122223333, the bucket and all ids and sums.
#
#   terraform plan -var-file=production.tfvars

# Tables and user pool that AWS refuses to delete, a second factor for everybody,
# reserved concurrency.
production = true

# The pages of the chat.
allowed_origins = ["https://chat.example.com"]

# The domain name of the API, with its certificate and its Route 53 zone. The
# API's own endpoint is closed.
domain = {
  name            = "ws.example.com"
  certificate_arn = "arn:aws:acm:eu-west-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000"
  hosted_zone_id  = "Z0123456789EXAMPLE"
}

# The page, before the API. TF_VAR_origin_secrets has the secret between the two.
edge = {
  aliases         = ["chat.example.com"]
  certificate_arn = "arn:aws:acm:us-east-1:111122223333:certificate/1a2b3c4d-0000-4000-8000-000000000000"
}

# Cognito's pages to sign in, which lead back to the edge's page.
sign_in = {
  prefix = "portcullis-example"
}

# Code that the profile has signed, and no other. README.md says how to sign.
signed_packages = {
  profile_version_arns = ["arn:aws:signer:eu-west-1:111122223333:/signing-profiles/portcullis/EXAMPLE001"]

  objects = {
    authorizer = { bucket = "example-packages", key = "signed/authorizer.zip", version_id = "e376fb081874ae30d964036a5037a912", sha256 = "SaILT5pFo9L5lhIy0BUaaYln1Uk6ka4BmfTlgEwSCDw=" }
    connect    = { bucket = "example-packages", key = "signed/connect.zip", version_id = "f11a107f38328604e9320754224b6037", sha256 = "WmOKEoymc0jxBzugrtJthZBaKRKMvXGyUMnPTlmMfw0=" }
    disconnect = { bucket = "example-packages", key = "signed/disconnect.zip", version_id = "573bb1c8af168ed6b443b432a7a09c1b", sha256 = "T5NaDwPe6i+nGphnnuvOdEvxm9ODed7OnWTMySoWeDQ=" }
    message    = { bucket = "example-packages", key = "signed/message.zip", version_id = "6f9b9af3cd6e8b8a73c2cdced37fe9f5", sha256 = "q1MKE+RZFJgrefm34/uplM/R8/si9xzqGvvwK0YMbR0=" }
  }
}

# Who is told of alarms.
alarm_emails = ["ops@example.com"]
