// The district a user works in; people of the city have none.
module.exports = (plugin) => {
  plugin.contentTypes.user.schema.attributes.district = { type: 'string' };
  return plugin;
};
