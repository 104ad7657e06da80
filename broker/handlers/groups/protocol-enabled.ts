// Whether groups of a newer kind are served: the cluster's feature must be on, and
// group.coordinator.rebalance.protocols must name the kind. Otherwise clients are told UNSUPPORTED_VERSION, upon
// which they take the classic protocol.

import type { Services } from '../../services.ts'

export function isGroupProtocolEnabled(
  { config, metadata }: Services,
  protocol: 'consumer' | 'streams',
  feature: 'group.version' | 'streams.version',
): boolean {
  const protocols = config.get('group.coordinator.rebalance.protocols') ?? []
  return protocols.includes(protocol) && metadata.image.features.get(feature) >= 1
}
