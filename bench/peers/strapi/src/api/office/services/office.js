module.exports = require('@strapi/strapi').factories.createCoreService('api::office.office');
