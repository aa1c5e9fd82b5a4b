module.exports = require('@strapi/strapi').factories.createCoreController('api::tenancy.tenancy');
