// Which names topics may have. Source: Topic.validate, Topic.hasCollision.

export const MAX_TOPIC_NAME_LENGTH = 249
const VALID = /^[a-zA-Z0-9._-]+$/

/** Why a name is not one for a topic, in Kafka's words; null when it is. */
export function topicNameFault(name: string): string | null {
  if (name === '') return 'Topic name is invalid: the empty string is not allowed'
  if (name === '.' || name === '..') return `Topic name is invalid: '${name}' is not allowed`
  if (name.length > MAX_TOPIC_NAME_LENGTH) {
    const limit = `the max allowed length ${MAX_TOPIC_NAME_LENGTH}`
    return `Topic name is invalid: the length of '${name}' is longer than ${limit}`
  }
  if (VALID.test(name)) return null
  const allowed = "ASCII alphanumerics, '.', '_' and '-'"
  return `Topic name is invalid: '${name}' contains one or more characters other than ${allowed}`
}

/** Names that are equal here cannot stand beside each other: metrics write `.` as `_`. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_')
}
