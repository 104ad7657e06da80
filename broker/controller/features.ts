// Finalised levels of features, raised and lowered. All updates of a request take effect or none. Source:
// FeatureControlManager (4.4), with its words, which kafka-features prints.

import type { RequestOf, ResponseInputOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { FEATURES, KRAFT_VERSION, METADATA_CHANGES, METADATA_VERSION } from '../metadata/features.ts'
import type { MetadataImage } from '../metadata/image.ts'
import type { MetadataRecord } from '../metadata/records.ts'
import { type ControllerState, type Decision, recordMaker } from './decision.ts'

type Answer = ResponseInputOf<'UpdateFeatures'>

/** How a level is to change, as requests number it; 0 and all others are unknown. */
const UPGRADE = { upgrade: 1, safeDowngrade: 2, unsafeDowngrade: 3 } as const

export function updateFeatures(state: ControllerState, request: RequestOf<'UpdateFeatures'>): Decision<Answer> {
  const make = recordMaker(state.image)
  const records: MetadataRecord[] = []
  // Of a feature that is named twice, the last update counts.
  const updates = new Map(request.featureUpdates.map((update) => [update.feature, update]))
  for (const { feature, maxVersionLevel, upgradeType } of updates.values()) {
    const wrong = updateFault(state, feature, maxVersionLevel, upgradeType)
    if (wrong !== null) return refuse(wrong)
    // The quorum's own is written by the quorum.
    if (feature === KRAFT_VERSION) continue
    records.push(make('FeatureLevelRecord', { name: feature, featureLevel: maxVersionLevel }))
  }
  // "NONE" is what Kafka says beside each, and its tools do not show it.
  const results = request.featureUpdates.map(({ feature }) => ({ feature, errorCode: 0, errorMessage: 'NONE' }))
  const answer: Answer = { throttleTimeMs: 0, errorCode: ErrorCode.NONE, errorMessage: null, results }
  return { records: request.validateOnly ? [] : records, answer }
}

function refuse(reason: string): Decision<Answer> {
  const errorMessage = `The update failed for all features since the following feature had an error: ${reason}`
  const errorCode = ErrorCode.INVALID_UPDATE_VERSION
  return { records: [], answer: { throttleTimeMs: 0, errorCode, errorMessage, results: [] } }
}

function updateFault({ image, quorum }: ControllerState, name: string, level: number, how: number): string | null {
  const invalid = (why: string) => `Invalid update version ${level} for feature ${name}. ${why}`
  if (how < UPGRADE.upgrade || how > UPGRADE.unsafeDowngrade) {
    return invalid('The controller does not support the given upgrade type.')
  }
  if (level < 0) return invalid('A feature version cannot be less than 0.')
  const current = image.features.get(name)
  const feature = FEATURES.find((one) => one.name === name)
  if (feature === undefined) {
    return invalid(
      level === 0 ? `Feature ${name} not found.` : `Local controller ${quorum.nodeId} does not support this feature.`,
    )
  }
  if (level < feature.min || level > feature.max) {
    return invalid(`Local controller ${quorum.nodeId} only supports versions ${feature.min}-${feature.max}`)
  }
  const unsupporting = brokerWithout(image, name, level)
  if (unsupporting !== null) return invalid(unsupporting)
  if (level < current && how === UPGRADE.upgrade) {
    const type = 'without setting the upgrade type to either safe or unsafe downgrade.'
    return invalid(`Can't downgrade the version of this feature ${type}`)
  }
  if (level > current && how !== UPGRADE.upgrade) return invalid("Can't downgrade to a newer version.")
  const { needs } = feature
  if (needs !== undefined && level >= needs.from && image.features.get(needs.feature) < needs.level) {
    return invalid(`It depends on ${needs.feature} of level ${needs.level} at least.`)
  }
  if (name === KRAFT_VERSION) return level === current ? null : invalid(kraftFault(level < current))
  return name === METADATA_VERSION ? metadataFault(current, level, how) : null
}

function kraftFault(isDowngrade: boolean): string {
  if (isDowngrade) return "Can't downgrade the version of this feature."
  return 'The voters of this quorum stand in a property; a quorum in the log begins with a new cluster.'
}

/** What a broker that has registered cannot do. */
function brokerWithout(image: MetadataImage, name: string, level: number): string | null {
  for (const { id, features } of image.brokers.values()) {
    const range = features.find((one) => one.name === name)
    if (level >= (range?.minSupportedVersion ?? 0) && level <= (range?.maxSupportedVersion ?? 0)) continue
    if (range === undefined) return `Broker ${id} does not support this feature.`
    return `Broker ${id} only supports versions ${range.minSupportedVersion}-${range.maxSupportedVersion}`
  }
  return null
}

function metadataFault(current: number, level: number, how: number): string | null {
  if (!METADATA_CHANGES.some((change) => change > level && change <= current)) return null
  const refused = `Unsupported metadata.version downgrade from ${current} to ${level}.`
  if (how === UPGRADE.unsafeDowngrade) return `${refused} Unsafe metadata downgrade is not supported in this version.`
  return `${refused} Refusing to perform the requested downgrade because it might delete metadata information.`
}
