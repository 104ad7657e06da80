// The topics that brokers keep their own state in.

/** The controller's log: no topic of the image. */
export const METADATA_TOPIC = '__cluster_metadata'
export const METADATA_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'

export const GROUP_TOPIC = '__consumer_offsets'
export const TRANSACTION_TOPIC = '__transaction_state'
export const SHARE_TOPIC = '__share_group_state'

const INTERNAL: ReadonlySet<string> = new Set([GROUP_TOPIC, TRANSACTION_TOPIC, SHARE_TOPIC])

/** Clients may read it, and only brokers write to it. Source: Topic.isInternal. */
export function isInternalTopic(name: string): boolean {
  return INTERNAL.has(name)
}
