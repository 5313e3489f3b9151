package token

// Methods are the signature algorithms, for vectors whose headers name no key.
var Methods = methods
