// Kafka's names of quotas and of what they apply to.

export const QUOTA = {
  /** Bytes a second. */
  produce: 'producer_byte_rate',
  fetch: 'consumer_byte_rate',
  /** Of one thread's time. */
  request: 'request_percentage',
  /** Partitions created and deleted a second. */
  mutations: 'controller_mutation_rate',
  /** Connections a second. */
  connections: 'connection_creation_rate',
} as const

export const ENTITY = { user: 'user', clientId: 'client-id', ip: 'ip' } as const
export const ENTITIES: readonly string[] = Object.values(ENTITY)
