module.exports = require('@strapi/strapi').factories.createCoreRouter('api::office.office');
