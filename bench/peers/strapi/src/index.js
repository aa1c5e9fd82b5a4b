// Roles with one person each, as an administrator would make them in the panel. PEER_PEOPLE says who:
// {"clerk": {"email": "…", "password": "…", "district": "…", "actions": ["api::tenancy.tenancy.find"]}}
async function people(strapi) {
  const users = strapi.plugin('users-permissions').service('user');
  const roles = strapi.db.query('plugin::users-permissions.role');
  const permissions = strapi.db.query('plugin::users-permissions.permission');
  for (const [type, person] of Object.entries(JSON.parse(process.env.PEER_PEOPLE ?? '{}'))) {
    const { actions, ...account } = person;
    const role = await roles.create({ data: { name: type, description: type, type } });
    for (const action of actions) {
      await permissions.create({ data: { action, role: role.id } });
    }
    await users.add({ username: type, provider: 'local', confirmed: true, role: role.id, ...account });
  }
}

module.exports = {
  register() {},
  async bootstrap({ strapi }) {
    await people(strapi);
  },
};
