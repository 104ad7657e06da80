// ListConfigResources (74), v0–1. KIP-714 (v0: client metrics only), KIP-1142 (v1: every type).

import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { MetadataImage } from '../../metadata/image.ts'
import { RESOURCE } from '../../metadata/image.ts'
import { handler } from '../handler.ts'

/** In the order in which they are listed. */
const TYPES: readonly number[] = [
  RESOURCE.group,
  RESOURCE.clientMetrics,
  RESOURCE.brokerLogger,
  RESOURCE.broker,
  RESOURCE.topic,
]

export const listConfigResources = handler('ListConfigResources', (services, request, { apiVersion }) => {
  const asked = apiVersion === 0 ? [RESOURCE.clientMetrics] : request.resourceTypes
  if (asked.some((type) => !TYPES.includes(type))) {
    return { throttleTimeMs: 0, errorCode: ErrorCode.UNSUPPORTED_VERSION, configResources: [] }
  }
  const types = asked.length === 0 ? TYPES : TYPES.filter((type) => asked.includes(type))
  const configResources = types.flatMap((resourceType) =>
    namesOf(services.metadata.image, resourceType).map((resourceName) => ({ resourceName, resourceType })),
  )
  return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, configResources }
})

function namesOf(image: MetadataImage, resourceType: number): string[] {
  if (resourceType === RESOURCE.topic) return Array.from(image.topics.values(), ({ name }) => name)
  if (resourceType === RESOURCE.broker || resourceType === RESOURCE.brokerLogger) {
    return Array.from(image.brokers.values()).flatMap(({ id, fenced }) => (fenced ? [] : [String(id)]))
  }
  return Array.from(image.configs).flatMap(([{ type, name }]) => (type === resourceType ? [name] : []))
}
