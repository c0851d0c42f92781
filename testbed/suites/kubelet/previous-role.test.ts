import { PREVIOUS_RULES, previousRoleSuite } from '../flows/previous-role.suite.ts';
import { ownNamespaceAccess } from '../real-flows/real-cluster-access.ts';

previousRoleSuite(
  'a real kubelet',
  async () => {
    const { ground } = await ownNamespaceAccess('previous', PREVIOUS_RULES);
    return { access: ground, close: () => ground.remove() };
  },
  120_000,
);
