module.exports = require('@strapi/strapi').factories.createCoreService('api::tenancy.tenancy');
