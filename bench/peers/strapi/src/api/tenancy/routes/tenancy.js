const { createCoreRouter } = require('@strapi/strapi').factories;

const narrowed = { middlewares: ['api::tenancy.own-district'] };

module.exports = createCoreRouter('api::tenancy.tenancy', {
  only: ['find', 'findOne', 'create'],
  config: { find: narrowed, findOne: narrowed, create: narrowed },
});
