// Features that clusters agree on, with the levels that this broker supports. One row a feature, by name: a level is
// listed when what it promises is built. The levels of Kafka 4.4.0 are the most there can be.

export interface Feature {
  readonly name: string
  readonly min: number
  readonly max: number
  /** What the feature rests on from the level named on: another feature must have that level at least. */
  readonly needs?: { readonly from: number; readonly feature: string; readonly level: number }
}

export const METADATA_VERSION = 'metadata.version'
/** Of the quorum: it stands in control records of the metadata log. */
export const KRAFT_VERSION = 'kraft.version'

/** 4.4-IV2. */
export const PRODUCTION_METADATA_VERSION = 33

/** From 4.0-IV1 on partition records have room for eligible leader replicas. */
const ELR_METADATA_VERSION = 23

/** From 4.3-IV0 on records of brokers have room for cordoned log directories. */
export const CORDONED_METADATA_VERSION = 30

export const FEATURES: readonly Feature[] = [
  {
    name: 'eligible.leader.replicas.version',
    min: 0,
    max: 1,
    needs: { from: 1, feature: METADATA_VERSION, level: ELR_METADATA_VERSION },
  },
  { name: 'group.version', min: 0, max: 1 },
  { name: KRAFT_VERSION, min: 0, max: 1 },
  { name: METADATA_VERSION, min: 7, max: PRODUCTION_METADATA_VERSION },
  { name: 'share.version', min: 0, max: 2 },
  { name: 'streams.version', min: 0, max: 1 },
  { name: 'transaction.version', min: 0, max: 2 },
]

/** Levels of metadata.version that changed what records hold: a downgrade past one could lose something. */
export const METADATA_CHANGES: readonly number[] = [8, 11, 13, 14, 15, 17, 23, 30, 32, 33]
