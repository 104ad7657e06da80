// Share groups are served as long as the cluster's share.version says so: at level 0 they are not.

import type { Services } from '../../services.ts'

export function hasShareGroups({ metadata }: Services): boolean {
  return (metadata.image.features.get('share.version') ?? 0) > 0
}
