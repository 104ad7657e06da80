// Features that clusters agree on, with the levels this broker supports: those of Kafka 4.4.0. By name.

export interface Feature {
  readonly name: string
  readonly min: number
  readonly max: number
}

/** 4.4-IV2. */
export const PRODUCTION_METADATA_VERSION = 33

export const FEATURES: readonly Feature[] = [
  { name: 'eligible.leader.replicas.version', min: 0, max: 1 },
  { name: 'group.version', min: 0, max: 1 },
  { name: 'kraft.version', min: 0, max: 1 },
  { name: 'metadata.version', min: 7, max: PRODUCTION_METADATA_VERSION },
  { name: 'share.version', min: 0, max: 2 },
  { name: 'streams.version', min: 0, max: 1 },
  { name: 'transaction.version', min: 0, max: 2 },
]
