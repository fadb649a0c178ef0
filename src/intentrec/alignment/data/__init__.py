"""Training data: questions of the stages with answers of rules, teachers, the model itself and the users' behaviour."""
