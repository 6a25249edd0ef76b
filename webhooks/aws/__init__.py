"""The inbox on AWS: a queue of SQS and a table of DynamoDB, with the Lambda functions around them."""
